// The proof of work of the subscription form. The page loads this file, which starts it again as
// a worker; the worker searches for the numbers that broadsheet.rules.proof_of_work accepts.
"use strict";

const K = new Uint32Array(64);
const H = new Uint32Array(8);
{
  // The constants of SHA-256: fractional parts of square and cube roots of the first primes.
  const bits = (root) => (root - Math.floor(root)) * 4294967296;
  for (let found = 0, n = 2; found < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) H[found] = bits(Math.sqrt(n));
    K[found] = bits(Math.cbrt(n));
    found += 1;
  }
}

const schedule = new Uint32Array(64);

function sha256(bytes) {
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  const state = Uint32Array.from(H);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < padded.length; block += 64) {
    const w = schedule;
    for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(block + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const a = w[i - 15];
      const b = w[i - 2];
      w[i] =
        w[i - 16] + w[i - 7] +
        (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const first =
        (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + first) | 0;
      d = c; c = b; b = a; a = (first + second) | 0;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d;
    state[4] += e; state[5] += f; state[6] += g; state[7] += h;
  }
  const digest = new Uint8Array(32);
  state.forEach((word, i) => new DataView(digest.buffer).setUint32(4 * i, word));
  return digest;
}

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function hmac(key, message) {
  const block = new Uint8Array(64);
  block.set(key.length > 64 ? sha256(key) : key);
  const inner = sha256(joined(block.map((byte) => byte ^ 0x36), message));
  return sha256(joined(block.map((byte) => byte ^ 0x5c), inner));
}

// PBKDF2-HMAC-SHA-256 with one iteration.
function pbkdf2(password, salt, length) {
  const blocks = [];
  for (let i = 1; 32 * blocks.length < length; i += 1) {
    blocks.push(hmac(password, joined(salt, new Uint8Array([0, 0, 0, i]))));
  }
  return joined(...blocks).subarray(0, length);
}

const x = new Int32Array(16);

function salsa8(block, at) {
  for (let i = 0; i < 16; i += 1) x[i] = block[at + i];
  let [x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15] = x;
  let t = 0;
  for (let round = 0; round < 4; round += 1) {
    t = (x0 + x12) | 0; x4 ^= (t << 7) | (t >>> 25);
    t = (x4 + x0) | 0; x8 ^= (t << 9) | (t >>> 23);
    t = (x8 + x4) | 0; x12 ^= (t << 13) | (t >>> 19);
    t = (x12 + x8) | 0; x0 ^= (t << 18) | (t >>> 14);
    t = (x5 + x1) | 0; x9 ^= (t << 7) | (t >>> 25);
    t = (x9 + x5) | 0; x13 ^= (t << 9) | (t >>> 23);
    t = (x13 + x9) | 0; x1 ^= (t << 13) | (t >>> 19);
    t = (x1 + x13) | 0; x5 ^= (t << 18) | (t >>> 14);
    t = (x10 + x6) | 0; x14 ^= (t << 7) | (t >>> 25);
    t = (x14 + x10) | 0; x2 ^= (t << 9) | (t >>> 23);
    t = (x2 + x14) | 0; x6 ^= (t << 13) | (t >>> 19);
    t = (x6 + x2) | 0; x10 ^= (t << 18) | (t >>> 14);
    t = (x15 + x11) | 0; x3 ^= (t << 7) | (t >>> 25);
    t = (x3 + x15) | 0; x7 ^= (t << 9) | (t >>> 23);
    t = (x7 + x3) | 0; x11 ^= (t << 13) | (t >>> 19);
    t = (x11 + x7) | 0; x15 ^= (t << 18) | (t >>> 14);
    t = (x0 + x3) | 0; x1 ^= (t << 7) | (t >>> 25);
    t = (x1 + x0) | 0; x2 ^= (t << 9) | (t >>> 23);
    t = (x2 + x1) | 0; x3 ^= (t << 13) | (t >>> 19);
    t = (x3 + x2) | 0; x0 ^= (t << 18) | (t >>> 14);
    t = (x5 + x4) | 0; x6 ^= (t << 7) | (t >>> 25);
    t = (x6 + x5) | 0; x7 ^= (t << 9) | (t >>> 23);
    t = (x7 + x6) | 0; x4 ^= (t << 13) | (t >>> 19);
    t = (x4 + x7) | 0; x5 ^= (t << 18) | (t >>> 14);
    t = (x10 + x9) | 0; x11 ^= (t << 7) | (t >>> 25);
    t = (x11 + x10) | 0; x8 ^= (t << 9) | (t >>> 23);
    t = (x8 + x11) | 0; x9 ^= (t << 13) | (t >>> 19);
    t = (x9 + x8) | 0; x10 ^= (t << 18) | (t >>> 14);
    t = (x15 + x14) | 0; x12 ^= (t << 7) | (t >>> 25);
    t = (x12 + x15) | 0; x13 ^= (t << 9) | (t >>> 23);
    t = (x13 + x12) | 0; x14 ^= (t << 13) | (t >>> 19);
    t = (x14 + x13) | 0; x15 ^= (t << 18) | (t >>> 14);
  }
  block[at] += x0; block[at + 1] += x1; block[at + 2] += x2; block[at + 3] += x3;
  block[at + 4] += x4; block[at + 5] += x5; block[at + 6] += x6; block[at + 7] += x7;
  block[at + 8] += x8; block[at + 9] += x9; block[at + 10] += x10; block[at + 11] += x11;
  block[at + 12] += x12; block[at + 13] += x13; block[at + 14] += x14; block[at + 15] += x15;
}

const R = 8;
const WORDS = 32 * R;

function mix(block, spare) {
  // Each 64-byte part takes in the one before it; even parts go to the front, odd ones behind.
  let last = WORDS - 16;
  for (let i = 0; i < 2 * R; i += 1) {
    const from = 16 * i;
    for (let j = 0; j < 16; j += 1) block[from + j] ^= block[last + j];
    salsa8(block, from);
    last = from;
  }
  for (let i = 0; i < 2 * R; i += 1) {
    const to = 16 * ((i >> 1) + (i % 2) * R);
    for (let j = 0; j < 16; j += 1) spare[to + j] = block[16 * i + j];
  }
  block.set(spare);
}

// scrypt with r = 8 and p = 1 (RFC 7914).
function scrypt(password, salt, n, length) {
  const bytes = pbkdf2(password, salt, 128 * R);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const block = new Int32Array(WORDS);
  const spare = new Int32Array(WORDS);
  const memory = new Int32Array(n * WORDS);
  for (let i = 0; i < WORDS; i += 1) block[i] = view.getInt32(4 * i, true);
  for (let i = 0; i < n; i += 1) {
    memory.set(block, i * WORDS);
    mix(block, spare);
  }
  for (let i = 0; i < n; i += 1) {
    const from = (block[WORDS - 16] & (n - 1)) * WORDS;
    for (let j = 0; j < WORDS; j += 1) block[j] ^= memory[from + j];
    mix(block, spare);
  }
  for (let i = 0; i < WORDS; i += 1) view.setInt32(4 * i, block[i], true);
  return pbkdf2(password, bytes, length);
}

function solve({ challenge, salt, n, rounds, below }) {
  const text = new TextEncoder();
  const found = [];
  for (let round = 0; round < rounds; round += 1) {
    for (let number = 0; found.length === round; number += 1) {
      const hash = scrypt(text.encode(`${challenge} ${round} ${number}`), text.encode(salt), n, 4);
      if (new DataView(hash.buffer, hash.byteOffset).getUint32(0) < below) found.push(number);
    }
    postMessage({ done: found.length });
  }
  postMessage({ solution: found.join(" ") });
}

if (typeof document === "undefined") {
  onmessage = (event) => solve(event.data);
} else {
  const form = document.getElementById("proof");
  const progress = form.querySelector("progress");
  const { challenge, salt, n, rounds, below } = form.dataset;
  const worker = new Worker(document.currentScript.src);
  form.hidden = false;
  worker.onmessage = ({ data }) => {
    if (data.solution === undefined) {
      progress.value = data.done;
      return;
    }
    form.elements.solution.value = data.solution;
    form.submit();
  };
  // The other form on the page needs no script.
  worker.onerror = () => { form.hidden = true; };
  worker.postMessage({
    challenge, salt, n: Number(n), rounds: Number(rounds), below: Number(below),
  });
}
