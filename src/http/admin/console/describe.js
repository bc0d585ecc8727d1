// Anything the service tells, as people read it: facts in pairs, lists of things as tables.

import { el, moment, number, span } from './dom.js';

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;
/// Members whose value can be looked up.
const LINKS = { batchId: 'batch', batches: 'batch', letterId: 'letter', orderId: 'order', orders: 'order' };
const ROWS_MAX = 200;
const LINKS_MAX = 50;

const isThing = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isTable = (value) => Array.isArray(value) && value.length > 0 && value.every(isThing);

/// `lastError` as "last error".
const title = (name) => name.replace(/([a-z])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`);

/// A button that looks up what it names.
export const link = (what, id, words = id) =>
  el('button', { type: 'button', class: 'link', 'data-look-up': `${what} ${id}` }, words);

const links = (what, ids) =>
  ids.length > 0 ? el('span', {}, ...ids.slice(0, LINKS_MAX).flatMap((id) => [link(what, id), ' ']), ids.length > LINKS_MAX ? `and ${number(ids.length - LINKS_MAX)} more` : '') : '–';

function simple(name, value) {
  if (value == null || value === '') return '–';
  if (LINKS[name] && !isThing(value)) return links(LINKS[name], [value].flat());
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return /seconds$/i.test(name) ? span(value) : /id$/i.test(name) ? String(value) : number(value, 3);
  if (Array.isArray(value)) return value.length > 0 ? value.map((each) => (isThing(each) ? JSON.stringify(each) : each)).join(', ') : '–';
  if (isThing(value)) return JSON.stringify(value);
  return MOMENT.test(value) ? moment(value) : String(value);
}

function facts(thing) {
  const pairs = Object.entries(thing).filter(([, value]) => !isThing(value) && !isTable(value));
  return el('dl', { class: 'facts' }, ...pairs.map(([name, value]) =>
    el('div', {}, el('dt', {}, title(name)), el('dd', {}, simple(name, value)))));
}

function table(rows) {
  const shown = rows.slice(0, ROWS_MAX);
  const names = [...new Set(shown.flatMap(Object.keys))].filter((name) => shown.some((row) => row[name] != null));
  const head = el('tr', {}, ...names.map((name) => el('th', { scope: 'col' }, title(name))));
  const body = shown.map((row) => el('tr', {}, ...names.map((name) => el('td', { 'data-label': title(name) }, simple(name, row[name])))));
  const parts = [el('div', { class: 'scroll' }, el('table', { class: 'list' }, el('thead', {}, head), el('tbody', {}, ...body)))];
  if (rows.length > ROWS_MAX) parts.push(el('p', { class: 'note' }, `The first ${ROWS_MAX} of ${number(rows.length)}.`));
  return parts;
}

const timeline = (steps) =>
  el('ol', { class: 'timeline' }, ...steps.map((step) => el('li', {}, moment(step.at), ' ', el('span', {}, String(step.what)))));

/// What is told of one thing: its timeline first, then its facts, then what belongs to it.
export function describe(thing) {
  const { timeline: steps, ...rest } = thing;
  const parts = [];
  if (steps?.length > 0) parts.push(el('h3', {}, 'Timeline'), timeline(steps));
  parts.push(facts(rest));
  for (const [name, value] of Object.entries(rest)) {
    if (isThing(value)) parts.push(el('h3', {}, title(name)), ...describe(value));
    if (isTable(value)) parts.push(el('h3', {}, title(name)), ...table(value));
  }
  return parts;
}
