// What every client of the driver matrix is told and prints; see ../README.md.
'use strict';

const fs = require('fs');
const tls = require('tls');

const told = (name) => process.env[`CLIENT_${name}`] || '';

const settings = {
  host: told('HOST'),
  port: Number(told('PORT')),
  user: told('USER'),
  password: told('PASSWORD'),
  database: told('DATABASE'),
  compress: told('COMPRESS') === '1',
  negotiation: told('NEGOTIATION'),
  binding: told('BINDING'),
  otherUser: told('OTHER_USER'),
  otherPassword: told('OTHER_PASSWORD'),
  file: told('FILE'),
  steps: told('STEPS').split(',').filter(Boolean),
};

// tls.connect's own names for the credentials; undefined where plain text is wanted.
settings.tls = told('CA') ? { ca: fs.readFileSync(told('CA')) } : undefined;
if (told('CERT')) {
  settings.tls.cert = fs.readFileSync(told('CERT'));
  settings.tls.key = fs.readFileSync(told('KEY'));
}

// Both drivers keep their TLS socket to themselves, so it is noted when Node makes it.
let firstSocket;
const connect = tls.connect;
tls.connect = (...args) => {
  const socket = connect(...args);
  firstSocket = firstSocket || socket;
  return socket;
};

const ownTls = () =>
  firstSocket
    ? { version: firstSocket.getProtocol(), cipher: firstSocket.getCipher().standardName }
    : null;

const texts = (rows) => rows.map((row) => row.map((value) => `${value}`));

let numbers = '';
for (let n = 0; numbers.length < 1 << 20; n++) numbers += `${n} `;
const megabyte = numbers.slice(0, 1 << 20);

// Steps for a driver that can open() connections, query(connection, sql) and
// execute(connection, sql, values), both for rows of arrays.
function commonSteps({ open, close, query, execute, threadId }) {
  return {
    account: (c) => query(c, 'SELECT CURRENT_USER(), @@version'),
    status: (c) =>
      query(
        c,
        'SHOW SESSION STATUS ' +
          "WHERE Variable_name IN ('Compression', 'Ssl_cipher', 'Ssl_version')"
      ),
    prepared: (c) => execute(c, "SELECT ? + 1, CONCAT(?, '/é')", [41, 'naïve ☃']),
    megabyte: async (c) => {
      const rows = await execute(c, 'SELECT ? AS m', [megabyte]);
      return { bytes: megabyte.length, same: rows.length === 1 && rows[0][0] === megabyte };
    },
    load_local: async (c) => {
      await query(c, 'CREATE TEMPORARY TABLE loaded (n INT, word VARCHAR(20))');
      await query(c, `LOAD DATA LOCAL INFILE '${settings.file}' INTO TABLE loaded`);
      return query(c, 'SELECT COUNT(*), SUM(n), MAX(word) FROM loaded');
    },
    cancel: async () => {
      const [sleeper, killer] = [await open(), await open()];
      let ended = false;
      const outcome = query(sleeper, 'SELECT SLEEP(60)')
        .catch((error) => `${error.errno}`)
        .finally(() => (ended = true));
      const sleepers =
        "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
      while (!ended && `${await query(killer, sleepers)}` === '0');
      await query(killer, `KILL QUERY ${threadId(sleeper)}`);
      const result = await outcome;
      await close(sleeper);
      await close(killer);
      return result;
    },
  };
}

const describe = (error) => ({
  code: error.errno || error.code,
  sqlstate: error.sqlState || null,
  message: error.sqlMessage || error.message,
});

// Connects, runs the wanted steps in order, prints the report.
async function run(driver, { open, close, describe: said = describe }, steps) {
  const report = { driver, steps: {} };
  try {
    const connection = await open();
    report.own_tls = ownTls();
    for (const step of settings.steps) report.steps[step] = await steps[step](connection);
    await close(connection);
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    report.error = said(error);
  }
  console.log(JSON.stringify(report));
  // A refused connection may leave its socket half-open, which would keep Node alive.
  process.exit(0);
}

module.exports = { settings, texts, megabyte, commonSteps, run };
