// 41-queue: messages to the people of records leave through the queue: what became of each is told without its address, a relay that lets in few connections gets
// few, and a person who is not there ends the message.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after } from 'node:test';
import { grep, Instance, until } from './lib.mjs';
import { Keeper, Tenant } from './queue.mjs';

const cleanup = [];
after(async () => { for (const fn of cleanup.reverse()) await fn(); });

async function begin(relay) {
  const sejf = await new Instance({ charters: ['events'] }).init();
  cleanup.push(() => relay.stop(), () => sejf.remove());
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), relay.settings());
  await sejf.start();
  return sejf;
}

test('what became of messages is told by record, campaign and state, without an address', { timeout: 180000 }, async () => {
  const relay = await Keeper.start((to) => (to.startsWith('nobody') ? 'nobody' : to.startsWith('later') ? 'later' : null)), sejf = await begin(relay);
  const tenant = await new Tenant(sejf, 'Biegi').event(), other = await new Tenant(sejf, 'Rajdy').event();
  const people = await tenant.people(['ewa.lis@people.example', 'nobody@people.example', 'later@people.example']);
  const [sent, bounced, waits] = await tenant.send(people);
  const rows = await until('all to be tried', async () => {
    const list = await tenant.list();
    return list.length === 3 && list.every((r) => r.tries > 0 && r.state !== 'sending') ? list : null;
  }, 60000, 200);
  const of = (id) => rows.find((r) => r.id === id);
  assert.deepEqual([of(sent).state, of(sent).verdict, of(sent).record, of(sent).kind, of(sent).channel, of(sent).gate], ['sent', 'taken', people[0], 'registration', 'email', null]);
  assert.deepEqual([of(bounced).state, of(bounced).verdict, of(bounced).status], ['bounced', 'reject', 550]);
  assert.match(of(bounced).said, /^RCPT: .*n\*{10}@people\.example/);
  assert.deepEqual([of(waits).state, of(waits).verdict, of(waits).doubts], ['waiting', 'defer', 0]);
  assert.doesNotMatch(JSON.stringify(rows), /ewa\.lis|nobody@|later@/);
  const ids = async (query) => { const r = await tenant.call('GET', `/v1/events/messages?${query}`); assert.equal(r.status, 200, r.text); return r.json.items.map((i) => i.id); };
  assert.deepEqual(await ids('state=bounced'), [bounced]);
  assert.deepEqual(await ids(`record=registration/${people[2]}`), [waits]);
  assert.deepEqual(await ids('campaign=1'), []);
  assert.equal((await ids('limit=2')).length, 2);
  for (const bad of ['state=lost', 'record=registration', 'record=nothing/0', 'campaign=x', 'limit=0', 'cursor=x']) assert.equal((await tenant.call('GET', `/v1/events/messages?${bad}`)).status, 400, bad);
  const one = await tenant.call('GET', `/v1/events/messages/${sent}`);
  assert.deepEqual(one.json, of(sent));
  assert.equal((await other.call('GET', `/v1/events/messages/${sent}`)).status, 404);
  assert.deepEqual(await other.list(), []);
  const told = await sejf.runAsync(['send', 'list', '--tenant', String(tenant.number), '--state', 'bounced']);
  assert.equal(told.status, 0, told.stderr);
  assert.match(told.stdout, new RegExp(`bounced +registration/${people[1]}, api 0, 1 try, reject: 550 `));
  assert.doesNotMatch(told.stdout, /people\.example.*people\.example|nobody@/);
  assert.deepEqual(grep(path.join(sejf.data, 'log'), 'ewa.lis'), []);
});

test('a relay that lets in three connections gets three, and every letter goes', { timeout: 180000 }, async () => {
  const relay = await Keeper.start(() => null, 3), sejf = await begin(relay);
  const tenant = await new Tenant(sejf, 'Biegi').event();
  const sent = await tenant.send(await tenant.people(Array.from({ length: 60 }, (_, i) => `p${i}@people.example`)));
  await until('all to be sent', async () => (await tenant.list()).every((r) => r.state === 'sent'), 120000, 300);
  for (const id of sent) assert.equal(relay.came.get(id), 1);
  assert.ok(relay.most_open <= 3);
});
