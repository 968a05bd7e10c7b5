"""The scripts of the local stack: they know what they started, and touch nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stack import ROOT

SCRIPTS = sorted([*(ROOT / "deploy").rglob("*.sh"), ROOT / ".ci/run"])


def bash(folder: Path, script: str) -> subprocess.CompletedProcess:
    """Runs bash with the stack's functions, in a stack folder of its own."""
    return subprocess.run(
        ["bash", "-c", f"source {ROOT}/deploy/local/lib/all.sh\nmkdir -p $run_dir $log_dir\n{script}"],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "MILLRACE_LOCAL": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def lines(result: subprocess.CompletedProcess) -> list[str]:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_scripts_parse(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.skipif(
    shutil.which("shellcheck") is None and not os.environ.get("MILLRACE_TEST_REQUIRED"), reason="shellcheck is not installed"
)
@pytest.mark.timeout(400)
def test_shellcheck_finds_nothing() -> None:
    entries = [str(script) for script in SCRIPTS if script.parent.name != "lib"]
    result = subprocess.run(["shellcheck", *entries], cwd=ROOT, capture_output=True, text=True, timeout=380)
    assert result.returncode == 0, result.stdout


def test_a_process_is_started_known_and_stopped(tmp_path: Path) -> None:
    found = lines(
        bash(
            tmp_path,
            """
            start_process sleeper 'sleep 300' sleep 300
            is_running sleeper && echo running
            pid=$(process_id sleeper)
            stop_process sleeper TERM 5
            is_running sleeper || echo stopped
            kill -0 "$pid" 2>/dev/null || echo gone
            [[ -f $run_dir/sleeper.pid ]] || echo forgotten
            """,
        )
    )
    assert found == ["running", "stopped", "gone", "forgotten"]


def test_a_process_that_does_not_listen_is_ended_after_the_bound(tmp_path: Path) -> None:
    found = lines(
        bash(
            tmp_path,
            """
            start_process stubborn 'trap' bash -c 'trap "" TERM; touch "$0"; while :; do sleep 0.1; done' "$run_dir/deaf"
            until [[ -e $run_dir/deaf ]]; do sleep 0.05; done
            stop_process stubborn TERM 1
            is_running stubborn || echo stopped
            """,
        )
    )
    assert found == ["==> stubborn did not stop within 1 s; ending it", "stopped"]


def test_a_paused_process_is_stopped(tmp_path: Path) -> None:
    found = lines(
        bash(
            tmp_path,
            """
            start_process sleeper 'sleep 300' sleep 300
            signal_process sleeper STOP
            stop_process sleeper TERM 5
            is_running sleeper || echo stopped
            """,
        )
    )
    assert found == ["stopped"]


def test_somebody_elses_process_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    found = lines(
        bash(
            tmp_path,
            """
            sleep 300 & other=$!
            # What is left when our process died and its id was given away: another start time, another command.
            printf '%s\\n1\\nsleep\\n' "$other" >"$run_dir/one.pid"
            printf '%s\\n%s\\nredis-server\\n' "$other" "$(process_start_time "$other")" >"$run_dir/two.pid"
            stop_process one KILL 5
            stop_process two KILL 5
            kill -0 "$other" && echo alive
            kill "$other"
            """,
        )
    )
    assert found == ["alive"]


def test_ports_stay_the_same_and_avoid_what_is_taken(tmp_path: Path) -> None:
    found = lines(
        bash(
            tmp_path,
            """
            settle_ports; first=$(cat "$local_dir/ports.env")
            settle_ports; [[ $(cat "$local_dir/ports.env") == "$first" ]] && echo kept
            taken=${port[HTTP]}
            start_process squatter http.server python3 -m http.server --bind 127.0.0.1 "$taken"
            wait_for 10 port_is_taken "$taken"
            settle_ports >/dev/null; [[ ${port[HTTP]} != "$taken" ]] && echo moved
            [[ $(printf '%s\\n' "${port[@]}" | sort -u | wc -l) == 17 ]] && echo distinct
            stop_process squatter TERM 5
            """,
        )
    )
    assert found == ["kept", "moved", "distinct"]


def test_a_port_named_by_the_caller_is_used(tmp_path: Path) -> None:
    found = lines(bash(tmp_path, 'MILLRACE_REDIS_PORT=26399; settle_ports; settle_ports; echo "${port[REDIS]}"'))
    assert found == ["26399"]


def test_named_servers_are_used_and_need_an_owner(tmp_path: Path) -> None:
    settings = "MILLRACE_DATABASE_URL=postgres://service@db/x MILLRACE_REDIS_URL=redis://cache MILLRACE_KAFKA_BOOTSTRAP=k:1"
    script = f"""
        {settings}
        for kind in postgres redis kafka; do "uses_own_$kind" || echo "$kind elsewhere"; done
        settle_ports
        (write_environment) 2>&1 || true
        MILLRACE_DATABASE_OWNER_URL=postgres://owner@db/x
        write_environment
        load_environment
        echo "$MILLRACE_DATABASE_URL $MILLRACE_REDIS_URL $MILLRACE_KAFKA_BOOTSTRAP"
        stat -c %a "$local_dir/env"
    """
    assert lines(bash(tmp_path, script)) == [
        "postgres elsewhere",
        "redis elsewhere",
        "kafka elsewhere",
        "error: MILLRACE_DATABASE_URL is set, so MILLRACE_DATABASE_OWNER_URL must name the role that owns the schema",
        "postgres://service@db/x redis://cache k:1",
        "600",
    ]


def test_a_backup_is_read_by_a_role_that_sees_every_tenant(tmp_path: Path) -> None:
    script = """
        settle_ports; load_postgres_passwords; write_environment
        [[ $(backup_url) == "postgres://millrace_admin:$ADMIN_PASSWORD@127.0.0.1:${port[POSTGRES]}/millrace" ]] && echo own
        export MILLRACE_DATABASE_BACKUP_URL=postgres://reader@db/x
        backup_url
        MILLRACE_DATABASE_URL=postgres://service@db/x MILLRACE_DATABASE_OWNER_URL=postgres://owner@db/x; write_environment
        unset MILLRACE_DATABASE_BACKUP_URL; backup_url 2>&1 || true
        grep BACKUP "$local_dir/env" || echo "not the services' business"
    """
    assert lines(bash(tmp_path, script)) == [
        "own",
        "postgres://reader@db/x",
        "error: the database is not this stack's own, so MILLRACE_DATABASE_BACKUP_URL must name a role with BYPASSRLS that reads it",
        "not the services' business",
    ]


def test_a_backup_takes_the_folder_of_contents_along(tmp_path: Path) -> None:
    script = """
        export MILLRACE_CONTENT_FOLDER="$local_dir/contents"
        settle_ports; load_postgres_passwords; write_environment
        mkdir -p "$MILLRACE_CONTENT_FOLDER/t/ab"; cd "$MILLRACE_CONTENT_FOLDER/t/ab"
        echo whole >abcd.1; chmod 600 abcd.1; echo half >abcd.2.part
        (unset MILLRACE_CONTENT_FOLDER; backup_contents "$local_dir/b.contents")
        tar -tf "$local_dir/b.contents" | sort
        cd /; rm -r "$local_dir/contents"
        (backup_contents "$local_dir/c.contents" 2>&1) | grep -o "error: .* cannot be read" || true
        may_restore_contents "$local_dir/b"; restore_contents "$local_dir/b"
        (cd "$local_dir/contents" && find . -type f -printf '%p %m ' -exec cat {} +)
        unset MILLRACE_CONTENT_FOLDER
        (may_restore_contents "$local_dir/b") 2>&1 | grep -o "set MILLRACE_CONTENT_FOLDER" || true
        pg_restore() { printf '%s\\n' 'COPY public.content (tenant, type, in_folder) FROM stdin;' $'1\\tt\\t'"$in_folder" '\\.'; }
        in_folder=f
        may_restore_contents "$local_dir/none"; restore_contents "$local_dir/none"; echo nothing
        in_folder=t
        (may_restore_contents "$local_dir/none") 2>&1 | grep -o "none.contents is not there" || true
        pg_restore() { return 1; }
        (may_restore_contents "$local_dir/none") 2>&1 | grep -o "cannot read .*/none" || true
        write_environment; backup_contents "$local_dir/d.contents"; [[ -e $local_dir/d.contents ]] || echo none
    """
    assert lines(bash(tmp_path, script)) == [
        "./", "./t/", "./t/ab/", "./t/ab/abcd.1",
        f"error: the folder of contents, {tmp_path}/contents, cannot be read",
        "./t/ab/abcd.1 600 whole",
        "set MILLRACE_CONTENT_FOLDER",
        "nothing",
        "none.contents is not there",
        f"cannot read {tmp_path}/none",
        "none",
    ]  # fmt: skip


def test_every_other_setting_of_the_caller_reaches_the_services(tmp_path: Path) -> None:
    script = """
        export MILLRACE_WEBHOOK_SECRETS='{"hook": "a secret of 20 bytes"}' MILLRACE_KAFKA_REPLICATION=3 MILLRACE_KEEP_STACK=1
        export MILLRACE_CONTENT_FOLDER=mail/contents MILLRACE_OUTBOUND_ALLOW=10.0.0.0/8 MILLRACE_NO_SUCH_KEY=1 MILLRACE_TEST_LOCAL=x MILLRACE_REDIS_PORT=26399
        cd "$local_dir" && touch settings.yaml && export MILLRACE_CONFIG_FILE=settings.yaml
        settle_ports; load_postgres_passwords; write_environment; load_environment
        echo "$MILLRACE_WEBHOOK_SECRETS"; echo "$MILLRACE_KAFKA_REPLICATION $MILLRACE_OUTBOUND_ALLOW $MILLRACE_NO_SUCH_KEY"
        [[ $MILLRACE_CONFIG_FILE == "$local_dir/settings.yaml" ]] && echo absolute
        [[ $MILLRACE_CONTENT_FOLDER == "$local_dir/mail/contents" ]] && echo absolute
        (forget_core; echo "${MILLRACE_WEBHOOK_SECRETS-gone} ${MILLRACE_CONTENT_FOLDER-gone} $MILLRACE_KAFKA_REPLICATION")
        echo "${MILLRACE_TEST_LOCAL-unset} ${MILLRACE_KEEP_STACK-unset} ${MILLRACE_REDIS_PORT-unset}"
        MILLRACE_CONFIG_FILE=absent.yaml; (write_environment) 2>&1 | grep -o "error: .*" || true
    """
    assert lines(bash(tmp_path, script)) == [
        '{"hook": "a secret of 20 bytes"}',
        "3 10.0.0.0/8 1",
        "absolute",
        "absolute",
        "gone gone 3",
        "unset unset unset",
        "error: MILLRACE_CONFIG_FILE=absent.yaml names no file",
    ]


def test_a_restore_forgets_only_what_millrace_put_into_redis(tmp_path: Path) -> None:
    script = """
        settle_ports; start_redis >/dev/null
        export MILLRACE_REDIS_URL="redis://127.0.0.1:${port[REDIS]}"
        ask() { redis-cli -u "$MILLRACE_REDIS_URL" "$@"; }
        for key in millrace:lease:tenant:1 '{millrace:t1}:lane:a' other 'x{millrace:t1}'; do ask set "$key" 1 >/dev/null; done
        forget_redis
        ask --scan | sort
        stop_redis
    """
    assert lines(bash(tmp_path, script)) == ["other", "x{millrace:t1}"]


def test_reports_are_added_up(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text("<testsuites><testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite></testsuites>")
    failure = "<failure message='it is red&#10;and long'/>"
    bad.write_text(
        "<testsuites><testsuite><testcase name='c'/>"
        f"<testcase classname='suite' name='d'>{failure}</testcase></testsuite></testsuites>"
    )

    def count(*arguments: str | Path) -> tuple[int, str]:
        result = subprocess.run(
            ["python3", ROOT / "deploy/local/count-tests.py", *arguments], capture_output=True, text=True
        )
        return result.returncode, result.stdout.strip()

    assert count(good) == (0, "1 passed, 0 failed, 1 skipped")
    assert count(good, bad, "--failed-parts", "1") == (1, "failed: suite: d: it is red\n2 passed, 1 failed, 1 skipped")
    assert count(good, tmp_path / "missing.xml", "--failed-parts", "1") == (1, "1 passed, 1 failed, 1 skipped")
    assert count(tmp_path / "missing.xml") == (1, "0 passed, 0 failed")
