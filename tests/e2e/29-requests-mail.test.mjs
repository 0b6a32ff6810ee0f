// A request by mail, end to end: the one-time link that proves who asks, once; the letter behind the second link, once; and the private link, whose page
// tells how it stands.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
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
