// extras.mjs — what has no peer: our own ceiling, what sealing costs, a substring search, an import, a night's renewal.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { must, TARGET } from './sides.mjs';

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];
const two = (v) => v.toFixed(2);
const JOBS = ['create', 'get', 'find', 'list'];

function scratch(x, name) {
  const dir = path.join(x.dir, name);
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(dir, { mode: 0o700 });
  return dir;
}

// One run of the same statements; every round on a store of its own.
function store(x, mode, records) {
  const dir = scratch(x, `store-${mode}`);
  const r = JSON.parse(must(x.program('bench/bench_store'), ['-m', mode, '-n', String(records), '-t', String(x.seconds), '-d', dir]));
  fs.rmSync(dir, { recursive: true, force: true });
  return r;
}

function call(side, token, method, target, body, type) {
  return new Promise((done, fail) => {
    const req = http.request({ socketPath: side.socket, path: target, method, headers: { authorization: `Bearer ${token}`, 'x-real-ip': '127.0.0.1', 'content-type': type ?? 'application/json' } }, (res) => {
      const parts = [];
      res.on('data', (d) => parts.push(d));
      res.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        if (res.statusCode >= 300) fail(new Error(`${method} ${target}: ${res.statusCode} ${text.slice(0, 300)}`));
        else done(text);
      });
    });
    req.on('error', fail);
    if (body?.pipe) body.pipe(req);
    else req.end(body);
  });
}

async function csv(x, name, rows, first) {
  const file = path.join(x.dir, name), out = fs.openSync(file, 'w');
  const child = spawn(x.program('bench/bench_load'), ['-C', String(rows), '-f', String(first)], { stdio: ['ignore', out, 'inherit'] });
  const code = await new Promise((done) => child.on('exit', done));
  fs.closeSync(out);
  if (code !== 0) throw new Error('no CSV');
  return file;
}

// Uploads the file; {seconds, rows, from, most}: memory of the server before, and at most meanwhile, in MB.
async function upload(x, token, file, rows) {
  const from = x.sejf.memory().server;
  let most = from;
  const timer = setInterval(() => { most = Math.max(most, x.sejf.memory().server); }, 500);
  const began = process.hrtime.bigint();
  try {
    const text = await call(x.sejf, token, 'POST', `${TARGET}/import`, fs.createReadStream(file, { highWaterMark: 1 << 20 }), 'text/csv');
    const seconds = Number(process.hrtime.bigint() - began) / 1e9, end = JSON.parse(text.trim().split('\n').at(-1));
    if (end.made !== rows) throw new Error(`the import made ${end.made} of ${rows}: ${text.slice(0, 300)}`);
    return { seconds, rate: rows / seconds, from, most };
  } finally {
    clearInterval(timer);
  }
}

async function import_(x) {
  const file = await csv(x, 'import.csv', x.rows, 20000000);
  const r = await upload(x, x.sejf.tenant('Import'), file, x.rows);
  fs.rmSync(file);
  return [r, `import of ${x.rows} CSV rows | ${r.rate.toFixed(0)} rows/s, server ${r.from.toFixed(0)} to ${r.most.toFixed(0)} MB | 40,000 rows/s, constant memory`];
}

// A word that nobody has, so that every record is opened and looked through, however many requests that takes.
async function scan(x, token, word) {
  let cursor, requests = 0, found = 0;
  const began = process.hrtime.bigint();
  do {
    const r = JSON.parse(await call(x.sejf, token, 'POST', `${TARGET}/search`, JSON.stringify({ where: { note: { contains: word } }, limit: 50, ...(cursor ? { cursor } : {}) })));
    found += r.items.length;
    cursor = r.next;
    requests++;
  } while (cursor);
  return { seconds: Number(process.hrtime.bigint() - began) / 1e9, requests, found };
}

async function substring(x) {
  const token = x.sejf.tenant('Scan'), file = await csv(x, 'scan.csv', x.scan, 40000000);
  await upload(x, token, file, x.scan);
  fs.rmSync(file);
  const runs = [];
  for (let i = 0; i < Math.max(x.rounds, 3); i++) runs.push(await scan(x, token, 'absent'));
  const seconds = median(runs.map((r) => r.seconds));
  return [{ seconds, requests: runs[0].requests }, `substring over ${x.scan} records | ${(seconds * 1000).toFixed(0)} ms in ${runs[0].requests} requests | 200 ms`];
}

function ceiling(x) {
  const size = x.results.at(-1)?.size ?? 10000, sejf = x.results.find((r) => r.size === size && !r.front);
  const r = store(x, 'plain', size);
  const parts = JOBS.filter((j) => sejf?.[j]).map((j) => `${j} ${two(sejf[j].sejf.rate / r[j].rate)} (${r[j].rate.toFixed(0)}/s, ${r[j].cpu.toFixed(0)} us)`);
  return [r, `of our own ceiling at ${size} records | ${parts.join('; ')} | 0.7`];
}

// Plain and sealed in turn.
function sealed(x) {
  const got = { plain: [], sealed: [] }, size = Math.min(x.results.at(-1)?.size ?? 10000, 100000);
  for (let i = 0; i < x.rounds; i++)
    for (const mode of ['plain', 'sealed']) got[mode].push(store(x, mode, size));
  const ratio = (job, key) => median(got.sealed.map((r) => r[job][key])) / median(got.plain.map((r) => r[job][key]));
  const parts = JOBS.map((j) => `${j} ${two(ratio(j, 'rate'))} (processor ${two(1 / ratio(j, 'cpu'))})`);
  return [got, `sealed of plain, the same statements, ${size} records | ${parts.join('; ')} | 0.85`];
}

function renewal(x) {
  const dir = path.join(x.dir, 'keyring');
  const r = JSON.parse(must(x.program('bench/bench_keys'), ['-n', String(x.keys), '-d', dir]));
  fs.rmSync(dir, { recursive: true, force: true });
  fs.rmSync(`${dir}.root`, { force: true });
  return [r, `renewal after ${r.erased} erasures among ${r.parts} parts | ${two(r.seconds)} s, ${r.buckets} buckets, ${r.keys} keys rewrapped, longest pause ${r.longest_step_ms} ms | 5 s`];
}

const all = { ceiling, sealed, substring, import: import_, renewal };
export async function extras(x) {
  const figures = {}, rows = [];
  for (const name of x.list) {
    if (!all[name]) throw new Error(`there is no extra named ${name}`);
    x.say(`measuring ${name}`);
    const [figure, line] = await all[name](x);
    figures[name] = figure;
    rows.push(`| ${line} |`);
    x.say(`  ${line}`);
  }
  return { figures, lines: rows.length === 0 ? [] : ['| what | reached | target |', '|---|---|---|', ...rows] };
}
