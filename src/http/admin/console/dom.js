// Pieces of the page. What the service tells becomes text and never markup.

export const byId = (id) => document.getElementById(id);

/// An element with its attributes and what is in it.
export function el(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...inside.filter((part) => part != null));
  return element;
}

/// Changes a text only if it differs: whoever listens to the page hears each change.
export function say(element, text) {
  const words = String(text);
  if (element.textContent !== words) element.textContent = words;
}

/// Makes the children of `parent` those of `items`. What stays keeps its element, and so its focus.
export function keep(parent, items, keyOf, make, update = () => {}) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = old.get(key);
    old.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

/// A state as a word with its colour; `mood` is good, warn, bad or calm.
export function chip(element, word, mood) {
  say(element, word);
  element.className = `chip ${mood}`;
}

export const number = (value, digits = 0) =>
  value == null ? '–' : value.toLocaleString('en', { maximumFractionDigits: digits });

/// A count with its noun.
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

export const percent = (share) => (share == null ? '–' : `${Math.round(share * 100)} %`);

/// A duration as people say it, in at most two units.
export function span(seconds) {
  if (seconds == null) return '–';
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  const [unit, size] = units[first];
  const rest = units[first + 1];
  const more = rest ? Math.floor((seconds % size) / rest[1]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${more ? ` ${more} ${rest[0]}` : ''}`;
}

export const millis = (value) =>
  value == null ? '–' : value < 1000 ? `${number(value)} ms` : `${number(value / 1000, value < 10000 ? 2 : 1)} s`;

/// A moment: its time of day, with its date if that is not today.
export function moment(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return el('span', {}, String(text));
  const [day, time] = at.toISOString().split('T');
  const today = new Date().toISOString().startsWith(day);
  const words = today ? time.slice(0, 8) : `${day} ${time.slice(0, 5)}`;
  return el('time', { datetime: text, title: text }, words);
}
