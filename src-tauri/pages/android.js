// Android hands a custom scheme's handler no request body, so writes take the invoke road to the same router.
(() => {
  const plain = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.origin !== location.origin || request.method === "GET" || request.method === "HEAD") return plain(input, init);
    const body = Array.from(new Uint8Array(await request.arrayBuffer()));
    const call = { method: request.method, path: url.pathname + url.search, headers: [...request.headers], body };
    const answer = await window.__TAURI_INTERNALS__.invoke("api_call", { call });
    const empty = answer.status === 204 || answer.status === 304;
    return new Response(empty ? null : new Uint8Array(answer.body), { status: answer.status, headers: answer.headers });
  };
})();
