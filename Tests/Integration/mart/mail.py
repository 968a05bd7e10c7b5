"""What the mart must have seen of the mail in its arena."""

from collections import Counter

from faults.mail import MailLoad
from mart_site import Site

# All of these, if there was mail at all.
STATES = {
    "received", "draft", "awaitingApproval", "queued", "sending", "sent", "delivered", "bounced", "failed", "uncertain",
    "canceled", "rejected",
}  # fmt: skip


def assert_seen(mail: MailLoad, site: Site) -> None:
    """There was mail of every kind, and the mart has it."""
    mail.assert_went_on()
    with site.sql() as connection:
        states = Counter(row["to_state"] for row in connection.execute("SELECT to_state FROM email_event_fact"))
    assert not STATES - set(states), f"no message came to be {STATES - set(states)}; {states}; {mail.failures[-3:]}"
    print(f"    mail: {sum(states.values())} events in {mail.rounds} rounds, {len(mail.failures)} were cut short", flush=True)
