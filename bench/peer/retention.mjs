// retention.mjs — the peer's night: N people whose time is over are erased with their keys, in batches, each with an audit row, while a second thread writes as
// fast as it can; then the log of SQLite is carried and cut, so that nothing of them is left. As bench/retention.c it goes in slices, and after each the
// writer has as long for itself. Prints one line of JSON with the same names.
//   retention.mjs DIRECTORY RECORDS WRITERS(0|1) SECONDS
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { Store } from './store.mjs';
import { Vault } from './vault.mjs';

const BATCH = 4096, PAST = 1, AHEAD = 4e12;
const files = (dir) => ({ data: path.join(dir, 'peer.db'), keys: path.join(dir, 'peer.keys') });

function person(vault, name, due) {
  const id = crypto.randomBytes(16), email = `${name}@people.example`;
  return { id, at: Date.now(), due, who: 'bench', email: vault.token('email', email), ...vault.seal(id, { name: `Ewa ${name}`, email }) };
}

function open(dir) {
  const { data, keys } = files(dir), store = new Store(data, false), vault = new Vault(keys);
  store.db.exec('PRAGMA secure_delete = ON; PRAGMA busy_timeout = 120000');      // SQLite lets a writer that never rests in first
  return { store, vault };
}

function writer() {
  const { store, vault } = open(workerData.dir), count = new Int32Array(workerData.shared);
  while (Atomics.load(count, 1) === 0) {
    store.write(() => store.add(person(vault, `w${count[0]}`, AHEAD)));
    Atomics.add(count, 0, 1);
  }
  store.close();
}

function erase(store, until) {
  const due = store.db.prepare('SELECT id FROM person WHERE due <= ? ORDER BY due LIMIT ?');
  const gone = store.db.prepare('DELETE FROM person WHERE id = ?'), key = store.db.prepare('DELETE FROM key WHERE id = ?');
  for (let n = 0; ;) {
    const list = due.all(PAST, BATCH);
    if (list.length === 0) return { n, more: false };
    store.write(() => {
      for (const { id } of list) { key.run(id); gone.run(id); }
      store.note({ at: Date.now(), who: 'bench', verb: 'erased', records: list.length });
    });
    n += list.length;
    if (performance.now() >= until) return { n, more: true };
  }
}

async function main() {
  const [dir, records, writers, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
  const { store, vault } = open(dir), shared = new SharedArrayBuffer(8), count = new Int32Array(shared);
  for (let n = 0; n < records; n += 1000)
    store.write(() => { for (let i = n; i < Math.min(n + 1000, records); i++) store.add(person(vault, `a${i}`, PAST)); });
  const worker = writers > 0 ? new Worker(new URL(import.meta.url), { workerData: { dir, shared } }) : null;
  const sum = { walk: 0, worked: 0, alone: 0, besideWrites: 0, aloneWrites: 0, gone: 0 };
  for (let more = true; more;) {
    let at = Atomics.load(count, 0), from = performance.now();
    if (worker) {
      await new Promise((r) => setTimeout(r, seconds * 1000));
      sum.alone += (performance.now() - from) / 1000;
    }
    sum.aloneWrites += Atomics.load(count, 0) - at;
    at = Atomics.load(count, 0);
    from = performance.now();
    const before = process.cpuUsage(), did = erase(store, worker ? from + seconds * 1000 : Infinity), used = process.cpuUsage(before);
    sum.worked += (used.user + used.system) / 1e6;
    sum.walk += (performance.now() - from) / 1000;
    sum.besideWrites += Atomics.load(count, 0) - at;
    sum.gone += did.n;
    more = did.more;
  }
  Atomics.store(count, 1, 1);
  if (worker) await new Promise((r) => worker.on('exit', r));
  const from = performance.now();
  store.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const renewal = (performance.now() - from) / 1000;
  if (sum.gone !== records) throw new Error(`${sum.gone} went of ${records}`);
  store.close();
  for (const file of fs.readdirSync(dir)) if (file.startsWith('peer.')) fs.rmSync(path.join(dir, file));
  const alone = sum.alone > 0 ? sum.aloneWrites / sum.alone : 0, beside = sum.besideWrites / sum.walk;
  console.log(JSON.stringify({ records, walk: sum.walk, worked: sum.worked, renewal, alone, beside, share: alone > 0 ? beside / alone : 0 }));
}

if (isMainThread) await main();
else writer();
