// A forward proxy for the tests of this folder: proxy-chain on the loopback interface.
//
// Commands, each answered with one line of JSON:
//   requests     what it was asked for: ["CONNECT localhost:443", "GET http://localhost/", ..]

// First, as it keeps standard output free of what packages say when they are loaded.
import { answerCommands } from './harness.mjs';

import { Server } from 'proxy-chain';

const requests = [];

const server = new Server({
  host: '127.0.0.1',
  port: 0,
  prepareRequestFunction({ request }) {
    requests.push(`${request.method} ${request.url}`);
  },
});
server.on('requestFailed', ({ error }) => console.error(error));
await server.listen();
answerCommands({ address: `http://127.0.0.1:${server.port}` }, { requests: () => requests });
