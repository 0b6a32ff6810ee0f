// 40-campaigns: one text to all whom a search finds: beforehand, walked in pages under kill -9, paused, stopped, counted; what was delivered is logged,
// masked, and no address stands anywhere else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { grep, Instance, person, sleep, until } from './lib.mjs';
import { Sink } from './sink.mjs';

const cleanup = [];
after(async () => { for (const fn of cleanup.reverse()) await fn(); });

const text = { en: { subject: 'Doors open', text: 'Hello {{name}},\n\nthe doors open at noon.' } };
async function start(charter, role, sink) {
  const sejf = await new Instance({ charters: [charter] }).init();
  cleanup.push(() => sejf.remove());
  if (sink) sink.install(sejf);
  await sejf.start();
  sejf.number = sejf.tenant(charter);
  sejf.reader = sejf.token(charter, sejf.number, role);
  sejf.api = async (method, target, body, status) => {
    const r = await sejf.call(method, `/v1/${charter}/${target}`, { token: sejf.reader, body });
    assert.equal(r.status, status, r.text);
    return r.json;
  };
  return sejf;
}
const seen = (sejf, number, what, fn) => until(what, async () => {
  const c = await sejf.api('GET', `campaigns/${number}`, undefined, 200);
  return fn(c) ? c : null;
}, 60000, 150);
async function people(sejf, kind, rows) {
  const r = await sejf.call('POST', `/v1/${sejf.charters[0]}/${kind}/import`, { token: sejf.reader, type: 'application/x-ndjson', body: rows.map((o) => JSON.stringify(o)).join('\n') + '\n' });
  assert.equal(r.status, 200, r.text);
  assert.match(r.text, new RegExp(`"made":\\s*${rows.length}\\b`), r.text.slice(-400));
}
async function ids(sejf, kind) {
  const found = [];
  for (let cursor = null; found.length === 0 || cursor; ) {
    const r = await sejf.api('GET', `${kind}?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, undefined, 200);
    found.push(...r.items.map((o) => o.id));
    cursor = r.next;
  }
  return found.sort();
}
// The digest over those that were queued, in order: it shows that each was decided once, whatever was killed.
function audience(list) {
  let digest = Buffer.alloc(32);
  for (const id of list) digest = createHash('sha256').update(Buffer.concat([digest, Buffer.from(id.replaceAll('-', ''), 'hex')])).digest();
  return digest.toString('hex');
}

describe('campaigns', { concurrency: true }, () => {
  test('kill -9 in the middle: nobody is left out, and nobody is asked twice', { timeout: 300000 }, async () => {
    const sejf = await start('events', 'organiser'), most = 2000;
    const event = await sejf.api('POST', 'event', { fields: { title: 'Plays', starts: '2027-05-01T10:00:00Z', ends: '2027-05-01T20:00:00Z' } }, 201);
    await people(sejf, 'registration', Array.from({ length: most }, (_, i) => ({ event: event.id, ...person(i) })));
    await sejf.api('PUT', 'templates/doors', { ...text, kind: 'registration' }, 200);
    const wish = { kind: 'registration', scope: event.id, template: 'doors', name: 'Doors' };
    const preview = await sejf.api('POST', 'campaigns/preview', wish, 200);
    assert.equal(preview.found, most);
    assert.equal(preview.passes, most);
    assert.equal(preview.examples.length, 3);
    assert.doesNotMatch(JSON.stringify(preview), /@/);
    const all = await ids(sejf, 'registration');
    assert.equal(all.length, most);
    for (const wait of [0, 80, 250]) {
      const made = await sejf.api('POST', 'campaigns', wish, 202);
      await sleep(wait);
      process.kill(sejf.children().server, 'SIGKILL');
      await until('the service to be back', async () => (await sejf.call('GET', '/healthz').catch(() => ({}))).status === 200, 60000);
      const c = await seen(sejf, made.number, 'all to be found', (o) => o.state === 'sending');
      assert.equal(c.found, most);
      assert.equal(c.queued, most);
      assert.equal(c.waiting, most);
      assert.equal(c.audience, audience(all));
      const ended = await sejf.api('POST', `campaigns/${made.number}/stop`, {}, 200);
      assert.match(ended.state, /stop/);
      const over = await seen(sejf, made.number, 'it to be stopped', (o) => o.state === 'stopped');
      assert.equal(over.over, most);
      assert.equal(over.waiting, 0);
    }
    for (let i = 0; i < 3; i++) {             // what was stopped before it went takes no place of the day
      const made = await sejf.api('POST', 'campaigns', wish, 202);
      assert.equal((await seen(sejf, made.number, 'all to be found', (o) => o.state === 'sending')).queued, most);
    }
    const beyond = await sejf.api('POST', 'campaigns', wish, 202);      // three a day are all that the charter lets a person have
    const none = await seen(sejf, beyond.number, 'it to be over', (o) => o.state === 'done');
    assert.deepEqual(none.refused, { rate: most });
    const listed = sejf.run(['campaign', 'list', '--tenant', String(sejf.number)]);
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(listed.stdout, /7 done email to registration: found 2000, queued 0.*refused by rate 2000 — Doors/);
  });

  test('what is wrong is said, and nothing is queued', { timeout: 120000 }, async () => {
    const sejf = await start('events', 'organiser');
    const event = await sejf.api('POST', 'event', { fields: { title: 'Plays', starts: '2027-05-01T10:00:00Z', ends: '2027-05-01T20:00:00Z' } }, 201);
    await sejf.api('PUT', 'templates/doors', { ...text, kind: 'registration' }, 200);
    const door = sejf.token('events', sejf.number, 'door'), wish = { kind: 'registration', scope: event.id, template: 'doors' };
    const other = sejf.token('events', sejf.tenant('events', 'Other'), 'organiser');
    for (const [body, status, says] of [
      [{ ...wish, to: 'anna@people.example' }, 422, /names no address/], [{ ...wish, template: 'shoes' }, 422, /no template of that name/],
      [{ ...wish, where: { shoes: '41' } }, 400, /not a field/], [{ ...wish, scope: '0193e4a0-0000-7000-8000-000000000001' }, 404, /no such `event`/],
      [{ ...wish, kind: 'event' }, 422, /names another person/], [{ ...wish, channel: 'sms' }, 422, /lets nothing go by this channel/],
    ]) {
      const r = await sejf.call('POST', '/v1/events/campaigns', { token: sejf.reader, body });
      assert.equal(r.status, status, r.text);
      assert.match(r.text, says);
    }
    assert.equal((await sejf.call('POST', '/v1/events/campaigns', { token: door, body: wish })).status, 403);
    assert.equal((await sejf.call('POST', '/v1/events/campaigns', { token: other, body: { ...wish } })).status, 404);
    assert.equal((await sejf.call('POST', '/v1/events/campaigns', { token: other, body: { ...wish, scope: undefined } })).status, 422);     // its template is no other's
    assert.deepEqual((await sejf.api('GET', 'campaigns', undefined, 200)).items, []);
    await sejf.api('POST', 'campaigns/9/stop', {}, 404);
    const keyed = (body, key = 'spring 1') => sejf.call('POST', '/v1/events/campaigns', { token: sejf.reader, body, headers: { 'Idempotency-Key': key } });
    const first = await keyed(wish), again = await keyed(wish);         // a client that asks again after a timeout
    assert.equal(first.status, 202, first.text);
    assert.equal(again.status, 202, again.text);
    assert.equal(again.json.number, first.json.number);
    assert.equal((await keyed({ ...wish, name: 'Other' })).status, 409);
    assert.equal((await keyed(wish, '')).status, 400);
    assert.equal((await sejf.api('GET', 'campaigns', undefined, 200)).items.length, 1);
    const reads = sejf.token('events', sejf.number, 'organiser', '--scope', '{"verbs": ["read"]}');
    assert.equal((await sejf.call('GET', `/v1/events/campaigns/${first.json.number}`, { token: reads })).status, 200);
    assert.equal((await sejf.call('POST', `/v1/events/campaigns/${first.json.number}/pause`, { token: reads, body: {} })).status, 403);
  });

  test('deliveries are logged and masked, and a campaign pauses', { timeout: 300000 }, async () => {
    const sink = await Sink.start();
    cleanup.push(() => sink.stop());
    const sejf = await start('mail', 'customer', sink), most = 24;
    const account = await sejf.api('POST', 'sending_account', { fields: { title: 'News', pool: 'shared', state: 'active' } }, 201);
    const list = await sejf.api('POST', 'list', { fields: { title: 'News', purpose: 'news' } }, 201);
    await people(sejf, 'subscription', Array.from({ length: most }, (_, i) => ({ list: list.id, ...person(i), state: 'subscribed', consents: { newsletter: true } })));
    await sejf.api('PUT', 'templates/news', { ...text, kind: 'subscription' }, 200);
    const later = new Date(Date.now() + 3600e3).toISOString();
    const planned = await sejf.api('POST', 'campaigns', { kind: 'subscription', scope: list.id, template: 'news', at: later }, 202);
    assert.equal(planned.state, 'planned');
    assert.equal((await sejf.api('POST', `campaigns/${planned.number}/pause`, {}, 200)).state, 'paused');
    assert.equal((await sejf.api('POST', `campaigns/${planned.number}/resume`, {}, 200)).state, 'planned');
    await sejf.api('POST', `campaigns/${planned.number}/stop`, {}, 200);
    await sejf.api('POST', `campaigns/${planned.number}/resume`, {}, 409);
    const made = await sejf.api('POST', 'campaigns', { kind: 'subscription', scope: list.id, template: 'news', name: 'News' }, 202);
    const done = await seen(sejf, made.number, 'all to be sent', (o) => o.state === 'done');
    assert.equal(done.sent, most);
    assert.equal(new Set(sink.letters.flatMap((l) => l.to)).size, most);
    const log = (await sejf.api('GET', 'delivery?limit=1000', undefined, 200)).items;
    assert.equal(log.length, most);
    for (const one of log) {
      assert.match(one.fields.to, /^a\*{10}@people\.example$/);
      assert.deepEqual(Object.keys(one.fields).sort(), ['at', 'code', 'encrypted', 'pool', 'sending_account', 'to']);
      assert.equal(one.fields.sending_account, account.id);
      assert.equal(one.fields.code, 250);
      assert.equal(one.fields.encrypted, true);
    }
    await sejf.stop();
    assert.deepEqual(grep(sejf.data, person(3).email), []);       // neither sealed rows nor logs
    for (const file of fs.readdirSync(path.join(sejf.data, 'log')).filter((f) => f.endsWith('.log') || f.endsWith('.ndjson')))
      assert.doesNotMatch(fs.readFileSync(path.join(sejf.data, 'log', file), 'utf8'), /anna\.zawilska/);
  });
});
