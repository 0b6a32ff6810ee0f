// A request by mail, end to end: the one-time link that proves who asks, once; the letter behind the second link, once; and the private link, whose page
// tells how it stands.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { Instance, until } from './lib.mjs';
import { Sink } from './sink.mjs';

let sink, sejf, tenant, owner, mine;
const requests = (p, body) => sejf.call(body === undefined ? 'GET' : 'POST', `/v1/tenants/${tenant}/requests${p}`, { token: owner, body });
const form = 'application/x-www-form-urlencoded';

before(async () => {
  sink = await Sink.start();
  sejf = await new Instance({ charters: ['events'] }).init();
  sink.install(sejf);
  await sejf.start();
  tenant = sejf.tenant('events', 'Gdynia Talks');
  owner = sejf.token('events', tenant, 'organiser');
  const event = await sejf.call('POST', '/v1/events/event', { token: owner, body: { fields: { title: 'Morze', starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' } } });
  const r = await sejf.call('POST', '/v1/events/registration', { token: owner, body: { fields: { event: event.json.id, name: 'Ewa Lis', email: 'ewa@people.example' } } });
  assert.equal(r.status, 201, r.text);
  mine = r.json.id;
}, { timeout: 180000 });
after(async () => { if (sejf) await sejf.remove(); if (sink) await sink.stop(); });

// The page of a form and its cookie, then the form itself.
async function send(path, fields) {
  const page = await sejf.call('GET', path);
  assert.equal(page.status, 200, page.text);
  const cookie = page.headers['set-cookie'] ? page.headers['set-cookie'][0].split(';')[0] : '';
  const token = /name="\.token" value="([^"]+)"/.exec(page.text)[1];
  await new Promise((done) => setTimeout(done, 1200));
  return sejf.call('POST', path, { type: form, headers: { cookie, 'sec-fetch-site': 'same-origin' }, body: new URLSearchParams({ '.token': token, ...fields }).toString() });
}

const letters = () => sink.letters.map((l) => l.read());
async function link(subject) {
  await until(`a letter with ${subject}`, () => letters().some((l) => subject.test(l.subject)), 60000, 300);
  const letter = letters().find((l) => subject.test(l.subject));
  return { letter, path: /https:\/\/[^/]+(\/r\/events\/\d+\/[\w-]{43})/.exec(letter.text)[1] };
}

test('a link proves who asks, once, and another reads the answer, once', { timeout: 180000 }, async () => {
  const sent = await send(`/r/events/${tenant}?lang=en`, { '.type': 'erasure', '.email': 'ewa@people.example', '.name': 'Ewa Lis', '.words': 'Erase me.' });
  assert.equal(sent.status, 200, sent.text);
  const first = await link(/Is request no. 1 yours/);
  assert.deepEqual(first.letter.headers.to.includes('ewa@people.example'), true);
  assert.ok(!first.letter.text.includes('Erase me'), 'no word of the request travels by mail');
  assert.equal((await requests('/1')).json.state, 'identity');
  await sejf.call('GET', first.path);
  assert.equal((await requests('/1')).json.state, 'identity', 'a look proves nothing');
  const taken = await send(first.path, {});
  assert.equal(taken.status, 200, taken.text);
  assert.equal((await sejf.call('GET', first.path)).status, 404, 'once');
  const known = (await requests('/1')).json;
  assert.equal(known.state, 'collected');
  assert.equal(known.identity.how, 'one-time link by mail');
  assert.equal((await requests('/1/decide', {})).status, 200);
  assert.equal((await sejf.call('GET', `/v1/events/registration/${mine}`, { token: owner })).status, 410);
  assert.equal((await requests('/1/answer', { text: 'Done.', name: 'Anna Nowak' })).status, 200);
  const second = await link(/The answer to your request no. 1/);
  const letter = await send(second.path, {});
  assert.equal(letter.status, 200);
  assert.match(letter.headers['content-type'], /^application\/pdf/);
  assert.match(letter.text.slice(0, 8), /^%PDF-/);
  assert.equal((await sejf.call('GET', second.path)).status, 404, 'once');
  assert.ok((await requests('/1')).json.steps.some((s) => s.what === 'answer_read'));
});

// To the operator, who does not know whose customer it is: confirmed, passed on, and answered with everything that is held, by one letter.
test('a request that reached the operator is passed on, and its data comes by a link that works once', { timeout: 180000 }, async () => {
  const event = await sejf.call('POST', '/v1/events/event', { token: owner, body: { fields: { title: 'Fala', starts: '2030-04-01T17:00:00Z', ends: '2030-04-01T20:00:00Z' } } });
  for (const email of ['iga@people.example', 'jan@people.example']) {
    const r = await sejf.call('POST', '/v1/events/registration', { token: owner, body: { fields: { event: event.json.id, name: 'Iga Test', email } } });
    assert.equal(r.status, 201, r.text);
  }
  const sent = await send('/r/events?lang=en', { '.type': 'access', '.email': 'iga@people.example', '.name': 'CHEAP PILLS', '.words': 'At Gdynia Talks.' });
  assert.equal(sent.status, 200, sent.text);
  const to = (subject) => letters().find((l) => subject.test(l.subject) && l.headers.to.includes('iga@people.example'));
  await until('the question who asks', () => to(/yours/), 60000, 300);
  const first = to(/yours/), at = /https:\/\/[^/]+(\/r\/events\/0\/[\w-]{43})/.exec(first.text)[1];
  assert.ok(!`${first.headers.to} ${first.text}`.includes('PILLS'), 'what anybody typed beside the address of another');
  assert.equal((await send(at, {})).status, 200);
  const pass = sejf.run(['request', 'step', 'pass', '1', '--service', 'events', '--as', 'Anna Nowak'], { input: JSON.stringify({ to: 'Gdynia Talks', how: 'in the service', tenant }) });
  assert.equal(pass.status, 0, pass.stderr);
  const passed = JSON.parse(pass.stdout);
  assert.equal(passed.state, 'passed');
  await until('who answers', () => to(/Who answers/), 60000, 300);
  const n = `/${passed.passed.number}`;
  const here = (await requests(n)).json;
  assert.equal(here.state, 'collected', 'who asks was known already');
  assert.equal(here.received, passed.received);
  assert.deepEqual(here.found.counts, { registration: 1 });
  assert.equal((await requests(`${n}/decide`, {})).status, 200);
  assert.equal((await requests(`${n}/answer`, { text: 'Here it is.', name: 'Anna Nowak' })).status, 200);
  await until('the answer', () => to(/and your data/), 60000, 300);
  const link = /https:\/\/[^/]+(\/r\/events\/\d+\/[\w-]{43})/.exec(to(/and your data/).text)[1];
  const page = await sejf.call('GET', link);
  assert.match(page.text, /Download the archive/);
  assert.equal((await sejf.call('POST', link, { type: form, body: '' })).status, 403, 'not without the page');
  const zip = await send(link, {});
  assert.equal(zip.status, 200, zip.text.slice(0, 300));
  assert.equal(zip.headers['content-type'], 'application/zip');
  assert.equal(zip.headers['referrer-policy'], 'no-referrer');
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-mailed-')), 'a.zip');
  fs.writeFileSync(file, zip.raw);
  assert.equal(sejf.run(['pack', 'verify', file]).status, 0);
  const read = (name) => spawnSync('python3', ['-c', 'import sys,zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))', file, name]).stdout;
  assert.equal(read('letter.pdf').subarray(0, 5).toString(), '%PDF-');
  assert.match(read('records/registration.json').toString(), /iga@people/);
  assert.ok(!read('records/registration.json').toString().includes('jan@people'));
  fs.rmSync(path.dirname(file), { recursive: true });
  assert.equal((await sejf.call('GET', link)).status, 404, 'once');
  assert.equal((await requests(`${n}/send`, {})).status, 200);
  assert.ok((await requests(n)).json.steps.some((s) => s.what === 'answer_read'));
});
