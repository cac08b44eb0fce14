// What the PostgreSQL clients share; see ../README.md.
'use strict';

const { Readable } = require('stream');
const { pipeline } = require('stream/promises');
const { settings, megabyte } = require('./contract');

const SLEEP = 'SELECT pg_sleep(600)';
const COPIED = '1\tone\n2\ttwo\n3\tthrée ☃\n';
const STATUS = `
  SELECT ssl::text, coalesce(version, ''), coalesce(cipher, ''), coalesce(bits::text, ''),
         coalesce(client_dn, ''), coalesce(client_serial::text, ''), coalesce(issuer_dn, '')
  FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;

// Both drivers put the SQLSTATE, or the name of a failure of Node's, into `code`.
const describe = (error) => ({ sqlstate: error.code || null, message: error.message });

// Steps for a driver that can open() connections, query(connection, sql), execute(connection, sql,
// values), both for rows of arrays, and
//   start(connection, sql)     begins a query; gives { outcome, cancel }: a promise, a function
//   pid(connection)            of the database's process, as the driver knows it
//   copyIn(connection, sql)    a stream to write to;   copyOut(connection, sql): one to read from
function commonSteps({ open, close, query, execute, start, pid, copyIn, copyOut }) {
  const after = (c) => query(c, "SELECT 'still here'");

  const stopped = (stop) => async (c) => {
    const onlooker = await open();
    const process = await pid(c);
    const asleep = `
      SELECT count(*)::text FROM pg_stat_activity
      WHERE pid = ${process} AND wait_event = 'PgSleep'`;
    const sleeping = start(c, SLEEP);
    let ended = false;
    const outcome = sleeping.outcome
      .then((rows) => ({ rows }), describe)
      .finally(() => (ended = true));
    while (!ended && `${await query(onlooker, asleep)}` === '0');
    await stop(sleeping, onlooker, process);
    const result = await outcome;
    await close(onlooker);
    return { ...result, after: await after(c) };
  };

  return {
    account: (c) => query(c, 'SELECT current_user::text, current_database()::text, version()'),
    status: (c) => query(c, STATUS),
    prepared: (c) =>
      execute(c, "SELECT ($1::int + 1)::text, $2::text || '/é'", [41, 'naïve ☃']),
    megabyte: async (c) => {
      const rows = await execute(c, 'SELECT $1::text', [megabyte]);
      return { bytes: megabyte.length, same: rows.length === 1 && rows[0][0] === megabyte };
    },
    failing: async (c) => ({
      ...(await query(c, 'SELECT * FROM nowhere').catch(describe)),
      after: await after(c),
    }),
    copy: async (c) => {
      await query(c, 'CREATE TEMPORARY TABLE copied (n int, word text)');
      await pipeline(Readable.from([COPIED]), await copyIn(c, 'COPY copied FROM STDIN'));
      const parts = [];
      for await (const part of await copyOut(c, 'COPY copied TO STDOUT')) parts.push(part);
      return {
        rows: await query(c, 'SELECT count(*)::text, sum(n)::text, max(word) FROM copied'),
        back: Buffer.concat(parts).toString(),
      };
    },
    cancel: stopped((sleeping) => sleeping.cancel()),
    cancel_backend: stopped((_, onlooker, process) =>
      query(onlooker, `SELECT pg_cancel_backend(${process})`)
    ),
  };
}

// pg and postgres call these alike, and they are those of tls.connect.
const where = {
  host: settings.host,
  port: settings.port,
  user: settings.user,
  password: settings.password,
  database: settings.database,
};

module.exports = { where, describe, commonSteps };
