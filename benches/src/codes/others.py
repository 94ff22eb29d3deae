"""Reads every picture of a folder with a reader of others; prints number, milliseconds and what it read, in JSON."""
import json, os, sys, time

folder, reader = sys.argv[1], sys.argv[2]
import numpy

if reader == "zxing-cpp":
    import zxingcpp

    F = zxingcpp.BarcodeFormat
    formats = [F.QRCode, F.EAN13, F.EAN8, F.UPCA, F.UPCE, F.Code128]

    def read(image):
        return [code.text for code in zxingcpp.read_barcodes(image, formats=formats)]
else:
    from pyzbar import pyzbar

    S = pyzbar.ZBarSymbol
    kinds = [S.QRCODE, S.EAN13, S.EAN8, S.UPCA, S.UPCE, S.CODE128]

    def read(image):
        height, width = image.shape
        codes = pyzbar.decode((image.tobytes(), width, height), symbols=kinds)
        return [code.data.decode("utf-8", "replace") for code in codes]

for name in sorted(os.listdir(folder)):
    if not name.endswith(".pgm"):
        continue
    with open(os.path.join(folder, name), "rb") as file:
        data = file.read()
    header = data[:32].split(b"\n", 3)
    width, height = map(int, header[1].split())
    start = sum(len(part) + 1 for part in header[:3])
    image = numpy.frombuffer(data, numpy.uint8, width * height, start).reshape(height, width)
    before = time.perf_counter()
    texts = read(image)
    spent = (time.perf_counter() - before) * 1000
    print(json.dumps({"picture": int(name[:-4]), "ms": spent, "texts": texts}), flush=True)
