"""asyncpg: without libpq, over Python's ssl module. A task that is cancelled cancels its query."""

import asyncio
import json
import ssl
from io import BytesIO

import asyncpg
from contract import MEGABYTE, Settings, texts
from postgres_contract import (ACCOUNT, AFTER, ASLEEP, COPIED, COPIED_ROWS, FAILING, NOTIFY,
                               PATIENCE, PREPARED, PREPARED_VALUES, SCRATCH, SLEEP, STATUS)

TIMEOUT = 1  # seconds


async def open_connection():
    settings, tls = Settings(), "disable"
    if settings.ca:
        tls = ssl.create_default_context(cafile=settings.ca)
        if settings.cert:
            tls.load_cert_chain(settings.cert, settings.key)
    return await asyncpg.connect(
        host=settings.host, port=settings.port, user=settings.user, password=settings.password,
        database=settings.database, ssl=tls)


def own_tls(connection):
    # asyncpg shows its TLS session nowhere else.
    session = connection._transport.get_extra_info("ssl_object")
    return session and {"version": session.version(), "cipher": session.cipher()[0]}


def query(sql, *values):
    async def step(connection):
        return texts(await connection.fetch(sql, *values))
    return step


def describe(refusal):
    return {"sqlstate": getattr(refusal, "sqlstate", None),
            "message": getattr(refusal, "message", None) or str(refusal)}


async def prepared(connection):
    statement = await connection.prepare(PREPARED.format("$1", "$2"))
    return texts(await statement.fetch(*PREPARED_VALUES))


async def megabyte(connection):
    back = await connection.fetchval("SELECT $1::text", MEGABYTE)
    return {"bytes": len(MEGABYTE), "same": back == MEGABYTE}


async def failing(connection):
    try:
        return await connection.fetch(FAILING)
    except asyncpg.PostgresError as refusal:
        return {**describe(refusal), "after": await query(AFTER)(connection)}


async def rollback(connection):
    await connection.execute(SCRATCH.format("kept"))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("INSERT INTO kept VALUES (1, 'one')")
    count = query("SELECT count(*)::text FROM kept")
    inside = await count(connection)
    await transaction.rollback()
    return inside + await count(connection)


async def copy(connection):
    await connection.execute(SCRATCH.format("copied"))
    await connection.copy_to_table("copied", source=BytesIO(COPIED.encode()))
    back = BytesIO()
    await connection.copy_from_table("copied", output=back)
    return {"rows": await query(COPIED_ROWS)(connection), "back": back.getvalue().decode()}


async def notify(connection):
    heard = asyncio.get_running_loop().create_future()
    await connection.add_listener(
        "bell", lambda _, pid, channel, payload: heard.set_result([[channel, payload]]))
    other = await open_connection()
    await other.execute(NOTIFY)
    await other.close()
    return await asyncio.wait_for(heard, PATIENCE)


def stopped(stop, timeout=None):
    """A step: stop(task, connection, onlooker) ends a query of `connection`, which can go on."""
    async def step(connection):
        onlooker, pid = await open_connection(), connection.get_server_pid()
        task = asyncio.create_task(connection.fetch(SLEEP, timeout=timeout))
        while not task.done() and await query(ASLEEP.format(pid))(onlooker) == [["0"]]:
            await asyncio.sleep(0.01)
        await stop(task, connection, onlooker)
        try:
            outcome = {"rows": texts(await task)}
        except asyncpg.PostgresError as refusal:
            outcome = describe(refusal)
        except (asyncio.CancelledError, asyncio.TimeoutError) as end:
            outcome = {"message": type(end).__name__}
        await onlooker.close()
        return {**outcome, "after": await query(AFTER)(connection)}
    return step


async def cancel_task(task, *_):
    task.cancel()


async def cancel_backend(_, connection, onlooker):
    await onlooker.execute(f"SELECT pg_cancel_backend({connection.get_server_pid()})")


async def wait(*_):
    pass


STEPS = {
    "account": query(ACCOUNT), "status": query(STATUS), "prepared": prepared, "megabyte": megabyte,
    "failing": failing, "rollback": rollback, "copy": copy, "notify": notify,
    "cancel": stopped(cancel_task), "cancel_backend": stopped(cancel_backend),
    "timeout": stopped(wait, TIMEOUT)}


async def main():
    seen = {"driver": f"asyncpg {asyncpg.__version__}", "steps": {}}
    try:
        connection = await open_connection()
        seen["own_tls"] = own_tls(connection)
        for step in Settings().steps:
            seen["steps"][step] = await STEPS[step](connection)
        await connection.close()
    except (asyncpg.PostgresError, OSError) as refusal:
        seen["error"] = describe(refusal)
    print(json.dumps(seen, ensure_ascii=False))


asyncio.run(main())
