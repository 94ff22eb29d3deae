"""A file service that speaks S3, in memory and on a port of this machine; its first line is the port."""

import sys
import threading

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(port, flush=True)
# Gone with whoever started it.
threading.Thread(target=lambda: (sys.stdin.read(), server.stop()), daemon=False).start()
