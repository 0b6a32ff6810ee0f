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

// The server must be able to read the file, whichever user it runs as; the first start gave the directories to their users.
async function measured(sejf) {
  const secret = 'a-token-for-metrics-of-this-test-alone', file = path.join(sejf.data, 'metrics.token'), store = fs.statSync(path.join(sejf.data, 'store'));
  await sejf.stop();
  fs.writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  if (process.getuid() === 0) fs.chownSync(file, store.uid, store.gid);
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), 'metrics_token: metrics.token\n');
  await sejf.start();
  return async (name) => Number(new RegExp(`^sejf_${name} (\\d+)$`, 'm').exec((await sejf.call('GET', '/metrics', { token: secret })).text)[1]);
}

// Its filters, greylists, limits and servers that hang concern the tenant to whose people they belong; no pause of all comes of them.
test("what is done to one tenant's letters slows no other's", { timeout: 300000 }, async () => {
  const deeds = ['reset', 'shut', 'grey', 'slow', 'spam', 'hang'];
  const relay = await Keeper.start((to) => deeds.find((d) => to.startsWith(d)) || null), sejf = await begin(relay);
  const measure = await measured(sejf), bad = await new Tenant(sejf, 'Z kłopotami').event(), hanging = await new Tenant(sejf, 'Wiszący').event(), good = await new Tenant(sejf, 'Bez kłopotów').event();
  const fine = await good.people(Array.from({ length: 30 }, (_, i) => `fine.${i}@people.example`));
  const goes = async (ids) => {
    const sent = new Set(await good.send(ids));
    await until('the letters of the other tenant', async () => (await good.list()).filter((r) => sent.has(r.id) && r.state === 'sent').length === ids.length, 90000, 100);
    for (const id of sent) assert.equal(relay.came.get(id), 1);
  };
  await bad.send(await bad.people(deeds.slice(0, 5).flatMap((d) => Array.from({ length: 4 }, (_, i) => `${d}.${i}@people.example`))));
  await until('trouble', async () => (await bad.list()).filter((r) => r.tries > 0).length >= 3, 60000, 50);
  await goes(fine.slice(0, 15));
  await hanging.send(await hanging.people(Array.from({ length: 40 }, (_, i) => `hang.${i}@people.example`)));
  await until('letters that hang', () => relay.hangs >= 4, 60000, 50);
  await goes(fine.slice(15));
  assert.equal(await measure('relay_failures_total'), 0, 'nothing was held against the relay');
  assert.ok(await measure('letters_done_total') >= 33);
  assert.ok(relay.hangs < 18, `${relay.hangs} of 36 threads hang`);
  for (const r of await bad.list()) assert.ok(r.state === 'waiting' || r.state === 'sending', JSON.stringify(r));
  const text = fs.readdirSync(path.join(sejf.data, 'log')).map((f) => fs.readFileSync(path.join(sejf.data, 'log', f), 'utf8')).join('');
  assert.doesNotMatch(text, /people\.example.*people\.example|fine\.1@/);
});
