import type { CodeframeEvent } from '../event/event.ts';
import type { Query, ReadTransaction, RowChange, Store, Where, WriteTransaction } from '../store/store.ts';
import type { TableName, Tables } from '../store/tables.ts';
import type { Secrets } from './secrets.ts';
import { contentColumns, derivedColumns } from './stored-content.ts';

/**
 * A store into which no secret gets: every row, change and event goes through here (X1). What is asked for is redacted
 * like what is stored, so that a row is found by the text that it was given.
 */
export function redactingStore(store: Store, secrets: Secrets): Store {
  return {
    read: (work) => store.read((tx) => work(redactingReads(tx, secrets))),
    write: (work, options) => store.write((tx) => work(redactingWrites(tx, secrets)), options),
    version: () => store.version(),
    close: () => store.close(),
  };
}

function redactingReads(tx: ReadTransaction, secrets: Secrets): ReadTransaction {
  return {
    get: (table, ...key) => tx.get(table, ...key),
    list: (table, query) => tx.list(table, redactQuery(secrets, table, query)),
    pick: (table, columns, query) => tx.pick(table, columns, redactQuery(secrets, table, query)),
    search: (table, search) =>
      tx.search(table, {
        ...search,
        text: secrets.redact(search.text).text,
        ...(search.where === undefined ? {} : { where: redactWhere(secrets, table, search.where) }),
      }),
    stamp: (table) => tx.stamp(table),
    count: (table, where) => tx.count(table, where && redactWhere(secrets, table, where)),
  };
}

function redactingWrites(tx: WriteTransaction, secrets: Secrets): WriteTransaction {
  return {
    ...redactingReads(tx, secrets),
    insert: (table, row) => tx.insert(table, redactRow(secrets, table, row)),
    insertAll: (table, rows) =>
      tx.insertAll(
        table,
        rows.map((row) => redactRow(secrets, table, row)),
      ),
    async update(table, change) {
      const expect = await expected(tx, secrets, { table, change });
      const set = redactColumns(secrets, changedColumns(table), change.set);
      return tx.update(table, { ...change, set, ...(expect === undefined ? {} : { expect }) });
    },
    updateEach: (table, changes) => {
      const columns = changedColumns(table);
      return tx.updateEach(
        table,
        changes.map(({ key, set }) => ({ key, set: redactColumns(secrets, columns, set) })),
      );
    },
    updateAll: (table, { where, set }) =>
      tx.updateAll(table, {
        ...(where === undefined ? {} : { where: redactWhere(secrets, table, where) }),
        set: redactColumns(secrets, changedColumns(table), set),
      }),
    delete: (table, where) => tx.delete(table, where && redactWhere(secrets, table, where)),
    append: (event: CodeframeEvent) =>
      tx.append({
        ...event,
        actor: secrets.redact(event.actor).text,
        data: secrets.redactValue(event.data),
      } as CodeframeEvent),
    nextNumber: (counter) => tx.nextNumber(counter),
  };
}

/** Those in which a change may bring something new. */
function changedColumns(table: TableName): readonly string[] {
  const derived: readonly string[] = derivedColumns[table] ?? [];
  return contentColumns[table].filter((column) => !derived.includes(column));
}

/** The row, or some columns of one, without secrets. */
function redactRow<Row extends object>(secrets: Secrets, table: TableName, row: Row): Row {
  return redactColumns(secrets, contentColumns[table], row);
}

function redactColumns<Row extends object>(secrets: Secrets, columns: readonly string[], row: Row): Row {
  const changed = columns.filter((column) => column in row);
  if (changed.length === 0) return row;
  const values = row as Readonly<Record<string, unknown>>;
  const redacted = changed.map((column) => [column, secrets.redactValue(values[column])] as const);
  return { ...row, ...Object.fromEntries(redacted) };
}

function redactQuery<Row extends object>(
  secrets: Secrets,
  table: TableName,
  query: Query<Row> | undefined,
): Query<Row> | undefined {
  if (query?.where === undefined) return query;
  return { ...query, where: redactWhere(secrets, table, query.where) };
}

/** A text may stand in a row as it was asked for, when it was stored before it was known to be a secret. */
function redactWhere<Row extends object>(secrets: Secrets, table: TableName, where: Where<Row>): Where<Row> {
  const columns: readonly string[] = contentColumns[table];
  const conditions = Object.entries(where).map(([column, value]: [string, unknown]) => {
    if (!columns.includes(column) || typeof value !== 'string') return [column, value] as const;
    const { text } = secrets.redact(value);
    return [column, text === value ? value : { in: [text, value] }] as const;
  });
  return Object.fromEntries(conditions) as Where<Row>;
}

/** What an update expects, as it is in the row: redacted, or as it was when it was stored. */
async function expected<Name extends TableName>(
  tx: ReadTransaction,
  secrets: Secrets,
  { table, change }: { readonly table: Name; readonly change: RowChange<Tables[Name]> },
): Promise<Partial<Tables[Name]> | undefined> {
  if (change.expect === undefined) return undefined;
  const redacted = redactRow(secrets, table, change.expect);
  const differing = contentColumns[table].filter(
    (column) => column in redacted && redacted[column] !== change.expect?.[column],
  );
  if (differing.length === 0) return redacted;
  const row = await tx.get(table, ...change.key);
  const asStored = differing.filter(
    (column) => JSON.stringify(row?.[column]) === JSON.stringify(change.expect?.[column]),
  );
  return { ...redacted, ...Object.fromEntries(asStored.map((column) => [column, change.expect?.[column]])) };
}
