// 100,000 participants from CSV in constant memory, refused rows named by line without their values, found and exported again.
// A subscriber export of another mailer stands in 12-operations.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import test, { after, before } from 'node:test';
import { Readable } from 'node:stream';
import { Instance } from './lib.mjs';

const sejf = new Instance({ charters: ['events'] });
let token, event;
before(async () => {
  await sejf.start();
  token = sejf.token('events', sejf.tenant('events'), 'organiser');
  const r = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Crowd', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z' } } });
  event = r.json.id;
});
after(() => sejf.remove());

function upload(target, bearer, type, stream) {
  return new Promise((done, fail) => {
    sejf.call('GET', '/healthz').then(() => {
      const req = https.request({ host: 'localhost', port: sejf.port, path: target, method: 'POST', agent: sejf.agent, headers: { authorization: `Bearer ${bearer}`, 'content-type': type, 'transfer-encoding': 'chunked' } }, (res) => {
        let text = '';
        res.on('data', (d) => { text += d; });
        res.on('end', () => done({ status: res.statusCode, text, lines: text.trim().split('\n').map((l) => { try { return JSON.parse(l); } catch { return l; } }) }));
      });
      req.on('error', fail);
      stream.pipe(req);
    }, fail);
  });
}

function memory() {
  let most = 0;
  for (const pid of fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      if (!fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('server')) continue;
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== sejf.child.pid) continue;
      most = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
    } catch { /* gone */ }
  }
  return most;
}

test('100,000 participants from CSV', { timeout: 600000 }, async () => {
  function* rows() {
    yield 'event,name,email,phone\r\n';
    let part = '';
    for (let i = 0; i < 100000; i++) {
      part += `${event},"Łucja, Csőke ${i}",lucja.${i}@crowd.example,+48699${String(i).padStart(6, '0')}\r\n`;
      if (i % 500 === 499) { yield part; part = ''; }
    }
    yield `${event},Bad Row,not-an-address,\r\n`;
  }
  const began = Date.now();
  const r = await upload('/v1/events/registration/import', token, 'text/csv', Readable.from(rows()));
  assert.equal(r.status, 200, r.text.slice(0, 2000));
  const end = r.lines.at(-1);
  assert.equal(end.made, 100000, JSON.stringify(end));
  assert.equal(end.refused, 1);
  const refused = r.lines.find((l) => l.line);
  assert.equal(refused.line, 100002);
  assert.ok(!r.text.includes('not-an-address'));
  console.log(`# ${Math.round(100000 / ((Date.now() - began) / 1000))} rows/s, server at most ${memory()} KiB`);
  const found = await sejf.call('POST', '/v1/events/registration/search', { token, body: { where: { email: 'lucja.77777@crowd.example' } } });
  assert.equal(found.json.items[0].fields.name, 'Łucja, Csőke 77777');
});

test('a substring is found among 100,000 sealed records', { timeout: 120000 }, async () => {
  const r = await sejf.call('POST', '/v1/events/registration/search', { token, body: { where: { name: { contains: 'cso ke 4242' } } } });
  assert.equal(r.status, 200);
  assert.deepEqual(r.json.items, []);
  const s = await sejf.call('POST', '/v1/events/registration/search', { token, body: { where: { name: { contains: 'csőke 42420' } } } });
  assert.equal(s.json.items.length, 1, s.text.slice(0, 500));
});

test('all of it is exported again', { timeout: 300000 }, async () => {
  const r = await sejf.call('POST', '/v1/events/registration/export', { token, body: { format: 'ndjson' }, timeout: 300000 });
  assert.equal(r.status, 200);
  assert.equal(r.text.trim().split('\n').length, 100000);
});
