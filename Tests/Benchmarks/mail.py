"""Figure 6: mail from one Dovecot mailbox to queued items beside mbsync copying the same mailbox, and idle mailboxes."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import psycopg

from observe import MemoryWatch
from scene import World, say
from waiting import wait_until

from emails import Account, Email, MailServers, Post, mailbox

IDLE = 100
LARGE = 36_000_000


def fill(account: Account, count: int, with_large: bool) -> int:
    """Puts messages of 4 to 40 kB into the account's folder, as files; returns their bytes."""
    account.append(account.message(account.address, "first"), at=0)
    chance = random.Random(1)
    folder = account.maildir / "new"
    owner = folder.stat()
    words = ["lorem", "ipsum", "dolor", "sit", "amet", "consetetur", "sadipscing", "elitr"]
    total = 0
    for number in range(count):
        lines = [" ".join(chance.choices(words, k=11)) for _ in range(chance.randrange(4_000, 40_000) // 75)]
        head = (
            f"From: customer{number % 97}@example.org\r\nTo: {account.address}\r\nSubject: number {number}\r\n"
            f"Date: Sat, 28 Nov 2026 10:00:00 +0000\r\nMessage-ID: <bench-{number}-{account.name}@example.org>\r\n\r\n"
        )
        total += _deliver(folder, f"{number:06}", (head + "\r\n".join(lines) + "\r\n").encode(), owner)
    if with_large:
        message = account.message(account.address, "large")
        message.add_attachment(os.urandom(LARGE), maintype="application", subtype="octet-stream", filename="large.bin")
        total += _deliver(folder, "large", message.as_bytes().replace(b"\n", b"\r\n"), owner)
    return total


def _deliver(folder: Path, name: str, data: bytes, owner: os.stat_result) -> int:
    file = folder / f"{int(time.time())}.{name}.bench"
    file.write_bytes(data)
    os.chown(file, owner.st_uid, owner.st_gid)
    return len(data)


def mbsync(account: Account, folder: Path, fsync: bool = True) -> float:
    """Seconds that mbsync takes to copy the mailbox into an empty folder; by default it waits for the disk at each message."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    servers = account.servers
    settings = folder / "mbsyncrc"
    settings.write_text(
        f"""FSync {"yes" if fsync else "no"}

IMAPAccount bench
Host localhost
Port {servers.imaps_port}
User {account.address}
Pass {servers.password}
SSLType IMAPS
CertificateFile {servers.authority}

IMAPStore far
Account bench

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel copy
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""
    )
    (folder / "mail").mkdir()
    begin = time.monotonic()
    result = subprocess.run(["mbsync", "-c", settings, "-q", "copy"], capture_output=True, text=True, timeout=300)
    seconds = time.monotonic() - begin
    if result.returncode != 0:
        raise RuntimeError(f"mbsync ended with {result.returncode}: {result.stderr[-1000:]}")
    shutil.rmtree(folder)
    return seconds


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(world: World, rounds: int, count: int, idle_seconds: float) -> dict:
    servers = MailServers.find(world.stack)
    runs: list[dict] = []
    copies: list[float] = []
    lazy: list[float] = []
    for number in range(rounds):
        account = servers.account("bench")
        total = fill(account, count, with_large=True)
        say(f"{count:,} messages, {total / 1e6:.0f} MB")
        copies.append((count + 1) / mbsync(account, world.folder / "mbsync"))
        lazy.append((count + 1) / mbsync(account, world.folder / "mbsync", fsync=False))
        runs.append(_take(world, servers, account, count + 1))
        say(f"taken {runs[-1]['perSecond']:.0f}/s, mbsync {copies[-1]:.0f}/s, without fsync {lazy[-1]:.0f}/s")
    return {"mail": runs, "mbsync": copies, "mbsyncLazy": lazy, "idle": _idle(world, servers, idle_seconds)}


def _take(world: World, servers: MailServers, account: Account, count: int) -> dict:
    desk = Post(world, servers, [mailbox("bench", account, {"since": "2020-01-01T00:00:00Z", "processed": {"action": "flag"}})])
    email = desk.email(LOG_LEVEL="info")
    with psycopg.connect(world.admin_url, autocommit=True) as connection:
        query = """
            SELECT count(*) FROM work_item i JOIN tenant t ON t.id = i.tenant WHERE t.name = %s AND i.status = 'queued'
        """

        def queued() -> bool:
            row = connection.execute(query, (desk.tenant.name,)).fetchone()
            return bool(row) and row[0] >= count

        try:
            begin = time.monotonic()
            email.launch()
            with MemoryWatch(email.pid) as memory:
                wait_until(queued, seconds=300, what=f"{count} items", every=0.1)
                seconds = time.monotonic() - begin
        finally:
            desk.close()
            world.cores.stop_all()
    return {"perSecond": count / seconds, "emailBytes": memory.peak}


def _idle(world: World, servers: MailServers, seconds: float) -> dict:
    """Processor time of an instance that holds many mailboxes in which nothing happens, and how soon it sees new mail."""
    accounts = servers.accounts(IDLE, "idle")
    desk = Post(world, servers, [mailbox(f"idle{number}", account) for number, account in enumerate(accounts)])
    email: Email = desk.start(1, LOG_LEVEL="info")[0]
    try:
        desk.connected(f"idle{IDLE - 1}", seconds=60)
        for number in range(IDLE):
            desk.connected(f"idle{number}", seconds=60)
        # The queues are asked less often once nothing has been sent for a while.
        time.sleep(45)
        before = processor_seconds(email.pid)
        time.sleep(seconds)
        used = processor_seconds(email.pid) - before
        seen = []
        for account in accounts[:10]:
            have = len(desk.items())
            begin = time.monotonic()
            account.append(account.message(account.address, "new"))
            wait_until(lambda: len(desk.items()) > have, seconds=30, what="the new item", every=0.02)
            seen.append(time.monotonic() - begin)
    finally:
        desk.close()
    return {"cores": used / seconds, "seenSeconds": sorted(seen)[len(seen) // 2], "seenMost": max(seen)}
