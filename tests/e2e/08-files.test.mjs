// A large file goes up and comes down sealed, in constant memory; nothing of it lies readable. SEJF_FILE_MB: its size.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import https from 'node:https';
import test, { after, before } from 'node:test';
import { Instance, grep, root } from './lib.mjs';
import { paper as paperOf, papersCharter } from '../crash/lib.mjs';
import fs from 'node:fs';
import path from 'node:path';

const size = Number(process.env.SEJF_FILE_MB || 200) << 20;
const dir = papersCharter();
const sejf = new Instance({ charters: [path.join(dir, 'papers.yaml')] });
let token, paper;
before(async () => {
  await sejf.start();
  token = sejf.token('papers', sejf.tenant('papers'), 'owner');
  const r = await sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paperOf(1) } });
  assert.equal(r.status, 201, r.text);
  paper = r.json.id;
});
after(async () => { await sejf.remove(); fs.rmSync(dir, { recursive: true }); });

const marker = Buffer.from('READABLE-MARKER-OF-THE-FILE-0123456789');
function block(i) { const b = crypto.createHash('sha512').update(String(i)).digest(); const out = Buffer.alloc(1 << 20); for (let at = 0; at < out.length; at += 64) b.copy(out, at); marker.copy(out, 1000); return out; }

test(`${size >> 20} MB up and down`, { timeout: 600000 }, async () => {
  const boundary = '----sejf-test-boundary';
  const up = crypto.createHash('sha256'), down = crypto.createHash('sha256');
  await sejf.call('GET', '/healthz');
  const made = await new Promise((done, fail) => {
    const req = https.request({ host: 'localhost', port: sejf.port, path: `/v1/papers/paper/${paper}/scan`, method: 'POST', agent: sejf.agent, headers: { authorization: `Bearer ${token}`, 'content-type': `multipart/form-data; boundary=${boundary}`, 'transfer-encoding': 'chunked' } }, (res) => {
      let text = '';
      res.on('data', (d) => { text += d; });
      res.on('end', () => done({ status: res.statusCode, text }));
    });
    req.on('error', fail);
    (async () => {
      req.write(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="deed of łódź.pdf"\r\nContent-Type: application/pdf\r\n\r\n`);
      for (let i = 0; i < size >> 20; i++) { const b = block(i); up.update(b); if (!req.write(b)) await new Promise((r) => req.once('drain', r)); }
      req.end(`\r\n--${boundary}--\r\n`);
    })().catch(fail);
  });
  assert.equal(made.status, 201, made.text);
  const file = JSON.parse(made.text);
  const got = await new Promise((done, fail) => {
    https.get({ host: 'localhost', port: sejf.port, path: `/v1/papers/files/${file.id}`, agent: sejf.agent, headers: { authorization: `Bearer ${token}` } }, (res) => {
      let n = 0;
      res.on('data', (d) => { n += d.length; down.update(d); });
      res.on('end', () => done({ status: res.statusCode, n, headers: res.headers }));
      res.on('error', fail);
    }).on('error', fail);
  });
  assert.equal(got.status, 200);
  assert.equal(got.n, size);
  assert.equal(down.digest('hex'), up.digest('hex'));
  assert.match(got.headers['content-disposition'], /attachment/);
  assert.deepEqual(grep(sejf.data, marker.toString()), []);
  for (const pid of fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      if (!fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('server')) continue;
      const most = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
      console.log(`# server at most ${most} KiB`);
      assert.ok(most < 200000, `${most} KiB for a file of ${size >> 20} MB`);
    } catch (e) { if (e.code !== 'ENOENT') throw e; }
  }
  const gone = await sejf.call('DELETE', `/v1/papers/files/${file.id}`, { token });
  assert.ok(gone.status < 300, gone.text);
  assert.ok([404, 410].includes((await sejf.call('GET', `/v1/papers/files/${file.id}`, { token })).status));
});
