// The letters: loads that wait, are looked up, or are dead; and what may be decided about them.

import { byId, chip, count, el, keep, number, say, span } from './dom.js';
import { link } from './describe.js';
import { field, prepare, tell, tick } from './dialog.js';
import { askIfThere, order } from './link.js';

const MOODS = { waiting: 'calm', held: 'calm', reconcile: 'warn', dead: 'bad' };
const PAGE = 50;
const PAGE_MAX = 200;
/// The counts are a while old, and stay the same when one letter takes another's place.
const LOOK_EVERY = 10_000;
const form = byId('letters-filter');

let listed = [];
let next = null;
let counted = '';
let lookedAt = -Infinity;
let asked = 0;

const filter = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));

/// Lists again when the counts have changed since, and now and then what is listed on one page.
export function show({ letters: { waiting, held, reconcile, dead } }) {
  const counts = [waiting, held, reconcile, dead].join();
  const isOld = listed.length > 0 && listed.length <= PAGE_MAX && performance.now() - lookedAt > LOOK_EVERY;
  if (counts === counted && !isOld) return;
  counted = counts;
  list();
}

async function list() {
  await load(Math.min(PAGE_MAX, Math.max(PAGE, listed.length)), null);
}

async function load(limit, cursor) {
  asked += 1;
  const mine = asked;
  lookedAt = performance.now();
  const query = new URLSearchParams({ ...filter(), limit, ...(cursor && { cursor }) });
  let page;
  try {
    page = await askIfThere(`admin/letters?${query}`);
  } catch (error) {
    return say(byId('letters-note'), error.status ? error.message : 'The letters could not be read.');
  }
  if (mine !== asked) return;
  form.hidden = page === null;
  if (page === null) return say(byId('letters-note'), 'Not available: this service does not list its letters.');
  listed = cursor ? [...listed, ...page.items] : page.items;
  next = page.next;
  draw();
}

function draw() {
  const words = { 0: 'No letter is listed.' }[listed.length] ?? `${count(listed.length, 'letter')} listed${next ? ', and there are more' : ''}, the oldest first.`;
  say(byId('letters-note'), words);
  byId('letters-table').hidden = listed.length === 0;
  byId('letters-more').hidden = !next;
  byId('requeue-all').disabled = byId('discard-all').disabled = listed.length === 0;
  keep(byId('letters'), listed, ({ id }) => id, make, update);
}

const cell = (label, ...inside) => el('td', { 'data-label': label }, ...inside);

function make(letter) {
  const { id, client } = letter;
  const short = id.slice(-8);
  return el('tr', {},
    cell('Letter', link('letter', id, `…${short}`)), cell('Client', client || 'anonymous'), cell('State', el('span')),
    cell('Orders'), cell('Attempts'), cell('Age'), cell('Last error'),
    el('td', { class: 'acts' },
      el('button', { type: 'button', 'aria-label': `Requeue letter ${short}`, onclick: () => requeue(id) }, 'Requeue…'),
      el('button', { type: 'button', class: 'grave', 'aria-label': `Discard letter ${short}`, onclick: () => discard(id) }, 'Discard…')));
}

function update(row, { state, orders, attempts, ageSeconds, lastError, trouble }) {
  const cells = row.children;
  const doubtful = trouble.doubtful.length > 0;
  chip(cells[2].firstChild, doubtful ? `${state}, in doubt` : state, MOODS[state] ?? 'calm');
  [number(orders.length), number(attempts), span(ageSeconds), lastError ?? '–'].forEach((words, place) => say(cells[3 + place], words));
  [3, 4, 5].forEach((place) => cells[place].classList.add('number'));
  cells[6].className = 'error';
  cells[7].lastChild.hidden = state !== 'dead';
}

const letterOf = (id) => listed.find((letter) => letter.id === id);
const body = (id) => `${count(letterOf(id)?.orders.length ?? 0, 'order')} of ${letterOf(id)?.client || 'the anonymous client'}.`;

function requeue(id) {
  prepare({
    title: 'Requeue this letter',
    effect: `${body(id)} It is due at once. What may have been placed is looked up first.`,
    verb: 'Requeue',
    send: (motive) => decide(`admin/letters/${id}/requeue`, motive),
  });
}

function discard(id) {
  const doubtful = letterOf(id)?.trouble.doubtful.length ?? 0;
  prepare({
    title: 'Discard this letter',
    effect: `${body(id)} The orders are free again and say why; the letter is gone.`,
    verb: 'Discard',
    grave: true,
    fields: doubtful > 0 ? [tick(`${count(doubtful, 'order')} may have been placed: discard all the same`, 'force', { required: true })] : [],
    send: (motive, given) => decide(`admin/letters/${id}/discard`, { ...motive, force: given.has('force') }),
  });
}

async function decide(path, motive) {
  const answer = await order(path, motive);
  await list();
  return answer?.warning;
}

const BULK_LIMIT = 1000;

/// Counts first, by the service's own dry run, and says what it would be.
async function prepareAll(verb, path, effect, fields) {
  const wanted = filter();
  const send = async (motive, given) => {
    const rate = Number(given.get('rate') || 10);
    const answer = await order(path, { filter: wanted, dryRun: false, limit: BULK_LIMIT, ratePerSecond: rate, force: given.has('force'), ...motive });
    await list();
    const failed = answer.failed.length;
    return answer.warning ?? (failed > 0 ? `${number(answer.done)} done; ${count(failed, 'letter')} not: ${[...new Set(answer.failed.map(({ code }) => code))].join(', ')}` : null);
  };
  const which = prepare({ title: `${verb} all that fit`, effect: '', verb, grave: true, fields, send });
  tell(which, 'Counting…', false);
  try {
    const { matched } = await order(path, { filter: wanted, dryRun: true, limit: BULK_LIMIT, reason: 'how many it would be' });
    const kind = wanted.state ?? 'dead';
    const many = matched >= BULK_LIMIT ? 'These are as many as one order takes.' : '';
    tell(which, `${count(matched, `${kind} letter`)} would be meant. ${effect} ${many}`, matched > 0);
  } catch (error) {
    tell(which, error.status ? error.message : 'The service does not answer.', false);
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  listed = [];
  list();
});
byId('letters-more').addEventListener('click', () => load(PAGE, next));
byId('requeue-all').addEventListener('click', () =>
  prepareAll('Requeue', 'admin/letters/requeue', 'They become due one after another.',
    [field('So many a second', { name: 'rate', type: 'number', min: 1, max: 1000, value: 10, required: true })]));
byId('discard-all').addEventListener('click', () =>
  prepareAll('Discard', 'admin/letters/discard', 'Their orders are free again and say why.',
    [tick('Also those that may have been placed', 'force')]));
