/** Values by key, keys in the order in which they are first seen. */
export function groupBy<K, T>(values: readonly T[], key: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group === undefined) groups.set(key(value), [value]);
    else group.push(value);
  }
  return groups;
}

/** How many values have each key. */
export function countBy<K, T>(values: readonly T[], key: (value: T) => K): Map<K, number> {
  return new Map([...groupBy(values, key)].map(([name, members]) => [name, members.length]));
}
