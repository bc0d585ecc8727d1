// The console: joins the stream to the parts of the page, and says when what they show is old.

import * as breakers from './breakers.js';
import { byId, el, say, span } from './dom.js';
import * as letters from './letters.js';
import { askIfThere, listen } from './link.js';
import './lookup.js';
import * as overview from './overview.js';
import * as pauses from './pauses.js';
import * as records from './records.js';

/// No picture for so long, and nobody may rely on the old one.
const OLD = 5_000;

let seenAt = null;
let startedAt = null;
let loss = null;
let saysLost = null;

function hear(kind, value) {
  if (kind === 'change') return records.hear(value);
  if (kind !== 'status') return;
  const isNew = startedAt !== value.startedAt;
  const wasThere = startedAt !== null;
  startedAt = value.startedAt;
  seenAt = performance.now();
  loss = null;
  for (const part of [overview, breakers, letters]) part.show(value);
  if (!wasThere) pauses.begin();
  if (isNew && wasThere) records.hear({ at: value.startedAt, kind: 'start', text: 'The service was started again' });
  if (isNew) begin();
  tick();
}

/// What is older than the first picture. A page without it shows the rest all the same.
async function begin() {
  const [pool] = await Promise.allSettled([askIfThere('admin/pool'), records.begin()]);
  if (pool.value?.history) overview.beginPool(pool.value.history);
}

function lose(why, again) {
  loss = { why, again };
  tick();
}

function tick() {
  const age = seenAt === null ? null : performance.now() - seenAt;
  say(byId('age'), age === null ? 'No picture yet' : age < 2_000 ? 'Live' : `Picture of ${span(age / 1_000)} ago`);
  byId('age').classList.toggle('old', age === null || age >= 2_000);
  const isLost = loss !== null || (age !== null && age > OLD);
  document.body.classList.toggle('is-lost', isLost);
  byId('lost').hidden = !isLost;
  if (isLost) sayLost(loss ?? { why: 'The service is silent' }, age);
  else saysLost = null;
  breakers.tick();
}

function sayLost({ why, again }, age) {
  const old = age === null ? '' : ` What you see is ${span(age / 1_000)} old.`;
  if (saysLost !== why) {
    saysLost = why;
    const button = again && el('button', { type: 'button', onclick: again }, 'Enter the token…');
    byId('lost').replaceChildren(el('strong', { role: 'alert' }, `No contact. ${why}.`), el('span'), button ?? ' Trying again by itself.');
    document.title = 'NO CONTACT · Weir';
  }
  say(byId('lost').querySelector('span'), old);
}

setInterval(tick, 500);
listen(hear, lose);
