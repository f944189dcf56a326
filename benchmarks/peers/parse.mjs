// Parse Server on a PostgreSQL, for benchmarks/peers.py: node parse.mjs DATABASE_URL PORT
import http from 'node:http';
import express from 'express';
import { ParseServer } from 'parse-server';

const [databaseURI, port] = process.argv.slice(2);
const server = new ParseServer({
  databaseURI,
  appId: 'bench',
  masterKey: 'bench',
  masterKeyIps: ['127.0.0.1', '::1', '::ffff:127.0.0.1'],
  serverURL: `http://127.0.0.1:${port}/parse`,
  requestComplexity: { batchRequestLimit: -1 },
  silent: true,
  logLevel: 'error',
});
await server.start();
const app = express();
app.use('/parse', server.app);
http.createServer(app).listen(Number(port), '127.0.0.1', () => console.log('listening'));
