// node's ws: `send` makes a frame for each reader; `made_once` writes one made frame to every socket.
const [port, rate, size, way] = process.argv.slice(2);
const { WebSocketServer, Sender } = require("ws");

const server = new WebSocketServer({ port: +port, host: "127.0.0.1", perMessageDeflate: false, backlog: 8192 });
let began = 0;
let seq = 0;

function message() {
  const head =
    `{"type":"position_update","topic":"bench","epoch":"9c41e7d2a05b38f6","seq":${seq},` +
    `"timestamp":"2025-11-24T06:30:00.000000+00:00","data":{"id":"one","pad":"`;
  const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n;
  return `${head}${"x".repeat(+size - head.length - 27)}","t":${now}}}`;
}

function say() {
  seq += 1;
  const text = message();
  if (way === "made_once") {
    const options = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true };
    const frame = Buffer.concat(Sender.frame(Buffer.from(text), options));
    for (const one of server.clients) one._socket.write(frame);
  } else {
    for (const one of server.clients) one.send(text);
  }
  setTimeout(say, Math.max(0, began + ((seq + 1) * 1000) / +rate - performance.now()));
}

process.on("SIGUSR2", () => {
  began = performance.now();
  say();
});
