// What happened: the changes that the service tells, and what operators ordered.

import { byId, el, keep, moment } from './dom.js';
import { askIfThere } from './link.js';

const EVENTS_MAX = 100;
/// What others order is told before its line stands in the audit.
const NOTED_WITHIN = 3_000;

const events = [];
let lines = 0;
let later;

function add(event) {
  events.unshift({ ...event, key: (lines += 1) });
  events.length = Math.min(events.length, EVENTS_MAX);
}

const line = ({ at, kind, text }) => el('li', {}, moment(at), ' ', el('span', { class: 'kind' }, kind), ' ', el('span', {}, text));

const draw = () => keep(byId('events'), events, ({ key }) => key, line);

export function hear(event) {
  add(event);
  draw();
  clearTimeout(later);
  later = setTimeout(showAudit, NOTED_WITHIN);
}

document.addEventListener('ordered', () => showAudit());

/// What the breakers remember of the time before this page was opened.
export async function begin() {
  const { breakers } = (await askIfThere('admin/breakers')) ?? { breakers: [] };
  const changes = breakers.flatMap(({ events = [] }) => events);
  changes.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  const words = ({ name, from, to, reason, note }) => `${name}: ${from} to ${to}, ${reason}${note ? ` (${note})` : ''}`;
  if (events.length === 0) changes.slice(-EVENTS_MAX).forEach((change) => add({ at: change.at, kind: 'breaker', text: words(change) }));
  draw();
  await showAudit();
}

async function showAudit() {
  const page = await askIfThere('admin/audit?limit=30').catch(() => undefined);
  if (page === undefined) return;
  const items = page?.items ?? [];
  keep(byId('audit'), items, ({ id }) => id, ({ at, operator, kind, target, action, reason }) =>
    el('li', {}, moment(at), ' ', el('span', { class: 'kind' }, operator), ' ', el('strong', {}, action), ` ${kind} ${target}: `, el('q', {}, reason)));
  if (items.length === 0) byId('audit').replaceChildren(el('li', { class: 'note' }, page ? 'Nothing yet.' : 'Not available.'));
}
