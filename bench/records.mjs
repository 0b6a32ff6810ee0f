// records.mjs — see bench/records --help. Both sides do the same job in turn, round by round; what is printed are medians of the
// rounds and their ratios. Absolute figures belong to this machine and this hour, ratios travel better.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { extras } from './extras.mjs';
import { must, Peer, Sejf, TARGET } from './sides.mjs';

const { values: o } = parseArgs({ options: {
  records: { type: 'string', default: '10000,100000,1000000' }, rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '5' },
  connections: { type: 'string', default: '64' }, workers: { type: 'string', default: '2' }, port: { type: 'string', default: '21443' },
  'peer-port': { type: 'string' }, build: { type: 'string' }, data: { type: 'string' }, json: { type: 'string' }, only: { type: 'string' }, keep: { type: 'boolean', default: false },
  extras: { type: 'string', default: 'ceiling,sealed,substring,import,renewal' }, rows: { type: 'string', default: '1000000' },
  'scan-rows': { type: 'string', default: '100000' }, keys: { type: 'string', default: '10000000' },
  'no-tls': { type: 'boolean', default: false }, 'no-peer': { type: 'boolean', default: false },
} });
const sizes = o.records.split(',').map(Number), rounds = Number(o.rounds), seconds = Number(o.seconds);
const jobs = ['create', 'get', 'find', 'list'].filter((j) => !o.only || o.only.split(',').includes(j));
const CREATES = 2000000;                     // at most in one measurement: room for their ids
const say = (text) => process.stderr.write(`${text}\n`);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];

const program = (name) => path.join(o.build, name);
function load(side, job, more, front) {
  const where = front ? ['-a', 'localhost', '-p', String(side.port), '-c', side.ca] : ['-u', side.socket];
  const args = ['-j', job, ...where, '-k', side.token, '-x', TARGET, '-r', String(Math.max(side.records, 1)), '-i', side.ids, ...more];
  return new Promise((done, fail) => {
    const child = spawn(program('bench/bench_load'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    child.on('close', (code) => (code === 0 ? done(JSON.parse(out)) : fail(new Error(`${job} of ${side.name}: ${err}${out}`))));
  });
}

// Up to `count` records, not measured: many connections, so that even the peer's disk waits are shared.
async function fill(side, count) {
  if (side.records >= count) return;
  say(`filling ${side.name} up to ${count}`);
  await load(side, 'create', ['-n', String(count - side.records), '-f', String(side.records), '-w', '256']);
  side.records = count;
}

async function measure(side, job, round, front) {
  const limit = job === 'create' ? ['-n', String(CREATES), '-f', String(side.records)] : [];
  const before = side.cpu();
  const r = await load(side, job, ['-t', String(seconds), '-w', o.connections, '-s', String(round + 1), ...limit], front);
  if (job === 'create') side.records += r.requests;
  return { ...r, server: ((side.cpu() - before) * 1e6) / r.requests };
}

// One way in (plain or front) at one size: every job, every side, round by round.
async function compare(sejf, peer, size, front) {
  const got = {};
  for (let round = 0; round < rounds; round++)
    for (const job of jobs) {
      // The peer twice for creates: with a transaction of its own for each, as most are written, and with group commit.
      const turns = [['sejf', sejf], ...(peer ? [[job === 'create' ? 'grouped' : 'peer', peer]] : []), ...(peer && job === 'create' ? [['peer', peer]] : [])];
      for (const [name, side] of turns) {
        if (side === peer && peer.grouped !== (name === 'grouped')) {
          await peer.stop();
          await peer.start(name === 'grouped');
          peer.grouped = name === 'grouped';
          if (front) await peer.startFront();
        }
        const r = await measure(side, job, round, front);
        say(`  ${size} ${front ? 'TLS' : 'plain'} ${job} ${name}: ${r.rate.toFixed(0)}/s, p50 ${r.p50} ms, p99 ${r.p99} ms, ${r.server.toFixed(0)} us of processor each`);
        ((got[job] ??= {})[name] ??= []).push(r);
      }
    }
  const result = { size, front };
  for (const [job, sides] of Object.entries(got))
    for (const [name, list] of Object.entries(sides))
      (result[job] ??= {})[name] = Object.fromEntries(['rate', 'p50', 'p99', 'server'].map((k) => [k, median(list.map((r) => r[k]))]));
  result.memory = { sejf: sejf.memory(), peer: peer?.memory() };
  return result;
}

const fixed = (v, digits = 0) => (v === undefined ? '' : v.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }));
function row(r, job, name) {
  const a = r[job].sejf, b = r[job][name];
  const way = `${fixed(r.size)} | ${r.front ? 'nginx + TLS' : 'plain'} | ${job}${name === 'grouped' ? ', peer with group commit' : ''}`;
  const cells = [a.rate, b?.rate, b && a.rate / b.rate, a.p50, b?.p50, a.p99, b?.p99, a.server, b?.server];
  const digits = [0, 0, 2, 2, 2, 2, 2, 0, 0];
  return `| ${way} | ${cells.map((v, i) => fixed(v, digits[i])).join(' | ')} |`;
}

function table(results, more) {
  const lines = ['| records | way | job | sejf/s | peer/s | ratio | sejf p50 ms | peer p50 | sejf p99 | peer p99 | sejf CPU us | peer CPU us |', `|${'---|'.repeat(12)}`];
  for (const r of results)
    for (const job of jobs) {
      lines.push(row(r, job, 'peer'));
      if (r[job].grouped) lines.push(row(r, job, 'grouped'));
    }
  lines.push('', '| records | way | sejf server MB | most | sejf all MB | peer server MB | most | peer all MB |', `|${'---|'.repeat(8)}`);
  for (const r of results) {
    const m = r.memory.sejf, p = r.memory.peer;
    lines.push(`| ${fixed(r.size)} | ${r.front ? 'nginx + TLS' : 'plain'} | ${[m.server, m.most, m.all, p?.server, p?.most, p?.all].map((v) => fixed(v)).join(' | ')} |`);
  }
  return [...lines, '', ...more].join('\n');
}

async function run(dir) {
  const sejf = new Sejf(dir, program('src/prog/sejf'), Number(o.port));
  const peer = o['no-peer'] ? null : new Peer(dir, sejf, Number(o['peer-port'] ?? Number(o.port) + 10), Number(o.workers));
  const results = [];
  try {
    await sejf.start();
    for (const size of sizes) {
      if (peer && !peer.grouped) {
        await peer.stop();
        await peer.start(true);
        peer.grouped = true;
      }
      for (const side of [sejf, peer]) if (side) await fill(side, size);
      results.push(await compare(sejf, peer, size, false));
      if (o['no-tls']) continue;
      if (peer) await peer.startFront();
      results.push(await compare(sejf, peer, size, true));
    }
    if (peer) await peer.stop();
    const more = await extras({ sejf, program, dir, say, list: o.extras.split(',').filter(Boolean), rows: Number(o.rows), scan: Number(o['scan-rows']), keys: Number(o.keys), seconds, rounds, results });
    return { results, more };
  } finally {
    await peer?.stop();
    await sejf.stop();
  }
}

const dir = o.data ?? fs.mkdtempSync(path.join(o.build, 'bench-data-'));
fs.mkdirSync(dir, { recursive: true });
fs.chmodSync(dir, 0o755);                    // users of their own walk through it
try {
  const { results, more } = await run(dir);
  const cores = os.cpus().length;
  const text = [`${cores} cores, ${o.connections} connections, ${rounds} rounds of ${seconds} s, medians; load generator on the same cores; peer with ${o.workers} workers; load ${os.loadavg()[0].toFixed(1)}.`, '', table(results, more.lines)].join('\n');
  console.log(text);
  if (o.json) fs.writeFileSync(o.json, JSON.stringify({ results, extras: more.figures }, null, 1));
} finally {
  if (!o.keep) fs.rmSync(dir, { recursive: true, force: true });
}
