#!/usr/bin/env python3
"""Breaks the worker on purpose, one safety measure at a time, and sees whether the tests notice.

usage: mutations.py [NAME...]     Exit 1 when a mutation survives.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NODE = HERE.parents[1] / "templates/node"

# name -> (file, what stands there, what is put in its place, tests that must notice)
MUTATIONS = {
    "no hard link of the old inode": ("worker/3-commit.sh", 'ln "$here" "$old" || return 1', ":", "test_crash test_transaction"),
    "no check of checksums": ("worker/5-main.sh", "check_unchanged || return 1", "check_unchanged || cause=", "test_transaction.Refusing"),
    "no check after the rename": ("worker/3-commit.sh", "check_kept || return 1", ":", "test_transaction.Failing"),
    "create replaces what is there": ("worker/3-commit.sh", 'ln "$new" "$here" || return 1', 'cp "$new" "$target"', "test_crash"),
    "old inodes stay": ("worker/3-commit.sh", 'if [ $# != 0 ]; then rm -f "$@"; fi', ":", "test_transaction.Applying test_crash"),
    "staged files stay": ("worker/3-commit.sh", 'else rm -f "$staged"; fi', "else :; fi", "test_transaction.Refusing test_crash"),
    "the state is not a rename": ("worker/1-base.sh", 'mv -f "$txn/state.$state" "$txn/state.$1"', ': >"$txn/state.$1"', "test_crash test_sessions.Sessions"),
    "committing is not recorded": ("worker/3-commit.sh", "set_state committing || return 1", ":", "test_crash"),
    "not marked as active": ("worker/5-main.sh", 'printf \'%s\\n\' "$id" >"$home/active"', ":", "test_crash test_sessions.Sessions"),
    "no lock": ("worker/5-main.sh", 'if ! take_lock "$1"; then', "if false; then", "test_sessions.Sessions"),
    "mode forgotten": ("worker/2-stage.sh", 'chmod "$alike_mode" "$@" || return 1', ":", "test_transaction.Applying"),
    "no reset-failed": ("worker/4-health.sh", "limit 10 systemctl reset-failed", "limit 10 true", "test_transaction.Failing"),
    "an active unit counts as healthy": ("worker/4-health.sh", "if is_healthy; then return 0; fi\n      why", "return 0\n      why", "test_transaction.Failing"),
    "no second look": ("worker/4-health.sh", '[ "$sample$health" = "$last$last_health" ]', "[ 1 = 1 ]", "test_transaction.Failing"),
    "no restart on the way back": ("worker/5-main.sh", "if service_again; then", "if true; then", "test_transaction.Failing test_crash"),
    "restart is not recorded": ("worker/5-main.sh", ': >"$txn/restarted" &&', ":  &&", "test_transaction.Failing test_crash"),
    "no validation": ("worker/5-main.sh", "validate || return 1", ":", "test_transaction.Refusing"),
    "written in place": ("worker/3-commit.sh", 'mv -f "$new" "$here" || return 1\n      ;;\n    D', 'cat "$new" >"$target"; rm -f "$new"\n      ;;\n    D', "test_transaction test_crash"),
    "signals are not ignored": ("worker/1-base.sh", "trap '' HUP PIPE", ":", "test_crash.Crashes.test_signals_end_in_old_or_new"),
    "interruption is not noticed": ("worker/1-base.sh", "trap 'interrupted=1' INT TERM", ":", "test_crash.Crashes.test_signals_end_in_old_or_new"),
    "links are followed": ("worker/2-stage.sh", 'if [ -L "$parent" ]; then', "if false; then", "test_transaction.Refusing"),
    "anybody's directory is taken": ("worker/2-stage.sh", "*[2367abef])", "never)", "test_transaction.Refusing"),
    "paths are not checked": ("worker/5-main.sh", "check_manifest && check_directories", "check_directories", "test_transaction.Refusing"),
    "staged content is not compared": ("worker/2-stage.sh", 'if [ $# != 0 ]; then compare staged "$@"; fi', ":", "test_transaction.Refusing"),
    "their version is lost": ("worker/3-commit.sh", 'cp -pR "$target" "$txn/conflict/$n"', ":", "test_transaction.Failing"),
    "directories appear empty": ("worker/2-stage.sh", 'if within "$1" "$made"; then\n    beside', 'if false; then\n    beside', "test_transaction.Applying test_transaction.Refusing"),
    "files of others are removed": ("worker/2-stage.sh", '*) exit 1 ;; esac', "*) : ;; esac", "test_transaction.Applying"),
    "the first state is pruned": ("worker/5-main.sh", "      applied=$entry\n      continue", "      applied=$entry", "test_sessions.RollingBack"),
    "nothing is inherited": ("worker/5-main.sh", '&& ! inherit "$1" "$applied"', "&& false", "test_sessions.RollingBack"),
    "rollback ignores drift": ("rollback.sh", 'rf_last_of "$path"; fi', 'rf_now "$path"; fi', "test_sessions.RollingBack"),
    "contents are kept": ("worker/5-main.sh", 'set -- "$txn/contents" "$txn/new"', 'set -- "$txn/new"', "test_transaction.Applying"),
    "the mark of a transaction is not durable": ("worker/2-stage.sh", '"$home/active" "$home"', '"$home"', "test_sessions.Durability"),
    "printf may be a program": ("front.sh", "if ! PATH=/nowhere printf '' 2>/dev/null; then", "if false; then", "test_transaction.Refusing"),
    "what appeared is taken for generated": ("rollback.sh", "case $first in '# File", "case '# File generated by k3s. DO NOT EDIT.' in '# File", "test_sessions.RollingBack"),
    "what is generated is a conflict": ("rollback.sh", 'if [ "$last" = - ] && rf_generated "$path"; then', "if false; then", "test_sessions.RollingBack"),
    "nothing is watched": ("worker/5-main.sh", "    watch\n    watched=$?", "    watched=0", "test_settling.Watched"),
    "a death is not noticed": ("worker/4-health.sh", 'if [ "$value" -gt "$restarts" ]; then return 1; fi', ":", "test_settling.Watched"),
    "the service's state is not looked at": ("worker/4-health.sh", "failed | dead | auto-restart*) return 1 ;;", "never) return 1 ;;", "test_settling.Watched"),
    "a shutdown is a death": ("worker/5-main.sh", "&& ! shutting_down && set_state rolling-back", "&& set_state rolling-back", "test_settling.Watched"),
    "a rollback waits": ("worker/5-main.sh", 'if [ "$watch" != ends ]; then return 0; fi', "return 0", "test_settling.Watched"),
    "silence is health": ("worker/4-health.sh", 'if [ "$seconds" -ge "$deadline" ]; then return 1; fi', 'if [ "$seconds" -ge "$deadline" ]; then return 0; fi', "test_settling.Silent"),
    "a worse source is enough": ("worker/4-health.sh", 'if [ "$rank" -lt "$known" ]; then return 1; fi', ":", "test_settling.Silent"),
    "the file of a socket is enough": ("worker/4-health.sh", "elif accepts; then", 'elif [ -S "$socket" ]; then', "test_settling.Silent"),
    "shared directories are staged in": ("worker/2-stage.sh", '*[13579bdf]?:*) share "$path" ;;', "never) ;;", "test_shared"),
    "paths are gone through again": ("worker/3-commit.sh", '[ "${PWD%/}" = "${1%/*}" ] && here=./${1##*/}', 'here=$1', "test_shared"),
    "a closed directory stays": ("worker/3-commit.sh", 'then rmdir "${line%/*}/.rf-$id"; fi', "then :; fi", "test_shared"),
    "what is closed may be elsewhere": ("worker/2-stage.sh", 'if [ -z "$apart" ]; then return 0; fi', "return 0", "test_shared"),
    "an inherited group is kept": ("worker/2-stage.sh", "?[4567cdef]*) inherits=yes ;;", "never) ;;", "test_shared"),
    "what is watched is staged in": ("worker/2-stage.sh", 'if [ "$restart" = itself ]; then share_targets; fi', ":", "test_own_restart"),
    "what is in memory is taken for durable": ("worker/2-stage.sh", "tmpfs | ramfs) volatile", "never) volatile", "test_transaction.Applying"),
    "contents are not made durable": ("worker/3-commit.sh", 'flush "$@" || because "the changes', 'true || because "the changes', "test_sessions.Durability"),
}


def main() -> int:
    survivors = []
    for name, (file, old, new, tests) in MUTATIONS.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as directory:
            copy = pathlib.Path(directory) / "node"
            shutil.copytree(NODE, copy)
            text = (copy / file).read_text()
            if text.count(old) != 1:
                print(f"{name}: stands {text.count(old)} times in {file}", flush=True)
                survivors.append(name)
                continue
            (copy / file).write_text(text.replace(old, new))
            done = subprocess.run([sys.executable, "-m", "unittest", "-f", *tests.split()], cwd=HERE, capture_output=True, text=True, check=False,
                                  env=os.environ | {"RF_NODE_TEMPLATES": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}, timeout=900)
            verdict = "noticed" if done.returncode != 0 else "SURVIVED"
            by = next((line for line in done.stderr.splitlines() if line.startswith(("FAIL:", "ERROR:"))), "")
            print(f"{verdict}: {name}  {by.split(' ')[1] if by else ''}", flush=True)
            if done.returncode == 0:
                survivors.append(name)
    print(f"{len(survivors)} survived" + "".join(f"\n  {name}" for name in survivors))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
