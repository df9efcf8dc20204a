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
    "no check of checksums": ("worker/6-main.sh", "check_unchanged || return 1", "check_unchanged || cause=", "test_transaction.Refusing"),
    "no check after the rename": ("worker/3-commit.sh", "check_kept || return 1", ":", "test_transaction.Failing"),
    "create replaces what is there": ("worker/3-commit.sh", 'ln "$new" "$here" || return 1', 'cp "$new" "$target"', "test_crash"),
    "old inodes stay": ("worker/3-commit.sh", 'if [ $# != 0 ]; then rm -f "$@"; fi', ":", "test_transaction.Applying test_crash"),
    "staged files stay": ("worker/3-commit.sh", 'else rm -f "$staged"; fi', "else :; fi", "test_transaction.Refusing test_crash"),
    "the state is not a rename": ("worker/1-base.sh", 'mv -f "$txn/state.$state" "$txn/state.$1"', ': >"$txn/state.$1"', "test_crash test_sessions.Sessions"),
    "committing is not recorded": ("worker/3-commit.sh", "set_state committing || return 1", ":", "test_crash"),
    "not marked as active": ("worker/6-main.sh", 'printf \'%s\\n\' "$id" >"$home/active"', ":", "test_crash test_sessions.Sessions"),
    "no lock": ("worker/6-main.sh", 'if ! lock "$1"; then', "if false; then", "test_sessions.Sessions"),
    "the lock of another is released": ("worker/1-base.sh", 'if [ "$held" = "$mine" ]; then rm -f "$home/lock.held"; fi', 'rm -f "$home/lock.held"', "test_sessions.Sessions"),
    "a dead taker stops everybody": ("worker/1-base.sh", '  elif of_the_dead "$home/lock.taking"; then rm -f "$home/lock.taking"; fi', "  fi", "test_sessions.Sessions"),
    "mode forgotten": ("worker/2-stage.sh", 'chmod "$alike_mode" "$@" || return 1', ":", "test_transaction.Applying"),
    "no reset-failed": ("worker/4-health.sh", "limit 10 systemctl reset-failed", "limit 10 true", "test_transaction.Failing"),
    "an active unit counts as healthy": ("worker/4-health.sh", "elif is_healthy; then", "elif true; then", "test_transaction.Failing"),
    "no second look": ("worker/4-health.sh", '[ "$sample$health" != "$last$last_health" ]', "false", "test_transaction.Failing"),
    "no restart on the way back": ("worker/6-main.sh", "if service_again; then", "if true; then", "test_transaction.Failing test_crash"),
    "restart is not recorded": ("worker/6-main.sh", ': >"$txn/restarted" &&', ":  &&", "test_transaction.Failing test_crash"),
    "no validation": ("worker/6-main.sh", "validate || return 1", ":", "test_transaction.Refusing"),
    "written in place": ("worker/3-commit.sh", 'mv -f "$new" "$here" || return 1\n      ;;\n    D', 'cat "$new" >"$target"; rm -f "$new"\n      ;;\n    D', "test_transaction test_crash"),
    "signals are not ignored": ("worker/1-base.sh", "trap '' HUP PIPE", ":", "test_crash.Crashes.test_signals_end_in_old_or_new"),
    "interruption is not noticed": ("worker/1-base.sh", "trap 'interrupted=1' INT TERM", ":", "test_crash.Crashes.test_signals_end_in_old_or_new"),
    "a systemd that is gone is not noticed": ("worker/6-main.sh", '[ "$init" = systemd-shutdow ]', "false", "test_sessions.Sessions"),
    "a shutdown is waited out": ("worker/4-health.sh", "      if shutting_down; then return 1; fi\n", "", "test_sessions.Sessions"),
    "a shutdown on the way back is stuck": ("worker/6-main.sh", 'if [ "$interrupted" = 1 ] && shutting_down; then exit 1; fi', ":", "test_sessions.Sessions"),
    "a state is lost to a signal": ("worker/1-base.sh", "(trap '' INT TERM && exec mv", "(exec mv", "test_transaction.Failing"),
    "the way back can be interrupted": ("worker/6-main.sh", "  trap '' INT TERM\n  if", "  if", "test_transaction.Failing"),
    "links are followed": ("worker/2-stage.sh", 'if [ -L "$parent" ]; then', "if false; then", "test_transaction.Refusing"),
    "anybody's directory is taken": ("worker/2-stage.sh", "*[2367abef])", "never)", "test_transaction.Refusing"),
    "paths are not checked": ("worker/6-main.sh", "check_manifest && check_directories", "check_directories", "test_transaction.Refusing"),
    "staged content is not compared": ("worker/2-stage.sh", 'if [ $# != 0 ]; then compare staged "$@"; fi', ":", "test_transaction.Refusing"),
    "their version is lost": ("worker/3-commit.sh", 'cp -pR "$target" "$txn/conflict/$n"', ":", "test_transaction.Failing"),
    "directories appear empty": ("worker/2-stage.sh", 'if within "$1" "$made"; then\n    beside', 'if false; then\n    beside', "test_transaction.Applying test_transaction.Refusing"),
    "files of others are removed": ("worker/2-stage.sh", '*) exit 1 ;; esac', "*) : ;; esac", "test_transaction.Applying"),
    "the first state is pruned": ("worker/5-history.sh", "      applied=$entry\n      continue", "      applied=$entry", "test_rollback"),
    "nothing is inherited": ("worker/5-history.sh", 'inherit "$1" "$applied" || return 0', ":", "test_rollback"),
    "rollback ignores drift": ("undo.sh", 'if [ "$RF_FORCE" = yes ] ||', 'if true ||', "test_rollback"),
    "contents are kept": ("worker/6-main.sh", 'set -- "$txn/contents"', 'set --', "test_transaction.Applying"),
    "printf may be a program": ("front.sh", "if ! PATH=/nowhere printf '' 2>/dev/null; then", "if false; then", "test_transaction.Refusing"),
    "what appeared is taken for generated": ("undo.sh", "case $first in '# File", "case '# File generated by k3s. DO NOT EDIT.' in '# File", "test_rollback"),
    "what is generated is a conflict": ("undo.sh", '{ [ "$last" = - ] && rf_generated "$path"; }', "false", "test_rollback"),
    "nothing is watched": ("worker/6-main.sh", "    watch\n    watched=$?", "    watched=0", "test_settling.Watched"),
    "a death is not noticed": ("worker/4-health.sh", 'if [ "$value" -gt "$restarts" ]; then return 1; fi', ":", "test_settling.Watched"),
    "the service's state is not looked at": ("worker/4-health.sh", "failed | dead | auto-restart*) return 1 ;;", "never) return 1 ;;", "test_settling.Watched"),
    "a shutdown is a death": ("worker/6-main.sh", "&& ! shutting_down && set_state rolling-back", "&& set_state rolling-back", "test_settling.Watched"),
    "a rollback waits": ("worker/6-main.sh", 'if [ "$watch" != ends ]; then return 0; fi', "return 0", "test_settling.Watched"),
    "silence is health": ("worker/4-health.sh", 'if [ "$seconds" -ge "$deadline" ]; then return 1; fi', 'if [ "$seconds" -ge "$deadline" ]; then return 0; fi', "test_settling.Silent"),
    "a worse source is final": ("worker/4-health.sh", '  [ "$rank" -lt "$known" ]\n', "  false\n", "test_settling.Silent"),
    "what a worse source said is not asked again": ("worker/4-health.sh", '|| knows_less || ! service', "|| ! service", "test_settling.Silent"),
    "the file of a socket is enough": ("worker/4-health.sh", "elif accepts; then", 'elif [ -S "$socket" ]; then', "test_settling.Silent"),
    "shared directories are staged in": ("worker/2-stage.sh", '*[13579bdf]?:*) share "$path" ;;', "never) ;;", "test_shared"),
    "paths are gone through again": ("worker/3-commit.sh", '[ "${PWD%/}" = "${1%/*}" ] && here=./${1##*/}', 'here=$1', "test_shared"),
    "a closed directory stays": ("worker/3-commit.sh", 'then rmdir "${line%/*}/.rf-$id"; fi', "then :; fi", "test_shared"),
    "what is closed may be elsewhere": ("worker/2-stage.sh", 'if [ -z "$apart" ]; then return 0; fi', "return 0", "test_shared"),
    "an inherited group is kept": ("worker/2-stage.sh", "?[4567cdef]*) inherits=yes ;;", "never) ;;", "test_shared"),
    "what is watched is staged in": ("worker/2-stage.sh", 'if [ "$restart" = itself ]; then share_targets; fi', ":", "test_own_restart"),
    "what is in memory is taken for durable": ("worker/2-stage.sh", "tmpfs | ramfs) volatile", "never) volatile", "test_transaction.Applying"),
    "contents are not made durable": ("worker/3-commit.sh", 'flush "$@" || because "the changes', 'true || because "the changes', "test_sessions.Durability"),
    "a question claims nothing": ("status.sh", 'mkdir "$txn" 2>/dev/null', 'mkdir -p "$txn.other"', "test_sessions.Sessions"),
    "the worker begins whatever was told": ("worker/6-main.sh", "if ! claim; then", "if false; then", "test_sessions.Sessions"),
    "what never begins is not durable": ("status.sh", 'rf_flush "$txn" "$home/txn"', 'rf_flush "$home/txn"', "test_sessions.Durability"),
    "questions are kept for ever": ("status.sh", 'rm -rf "$oldest"', ":", "test_sessions.Sessions"),
    "a death before the change is not told": ("follow.sh", "    over=refused", "    over=", "test_sessions.Sessions"),
    "the worker stays in its session": ("worker/6-main.sh", 'if [ "${3:-}" = session ]; then', "if false; then", "test_detached"),
    "the watchdog stays with its worker": ("worker/6-main.sh", "  {\n    leave_session\n", "  {\n", "test_detached"),
    "of control groups only the first is left": ("worker/1-base.sh", '2>/dev/null; then continue; fi\n    { mkdir', '2>/dev/null; then break; fi\n    { mkdir', "test_detached"),
    "every group of v2 is entered": ("worker/1-base.sh", 'if [ -e "$groups/cgroup.controllers" ]', 'if false', "test_detached"),
    "staged before it is marked durably": ("worker/6-main.sh", '"$txn" "$home/active" "$home/txn" "$home" ||', '"$txn" "$home/txn" "$home" ||', "test_sessions.Durability"),
    "the boot unit comes late": ("front.sh", "    rf_install\n", "", "test_power_cut test_sessions.Durability"),
    "at boot only what is active is removed": ("worker/6-main.sh", "if [ \"$boot\" = yes ]; then collect_garbage ''; fi", ":", "test_power_cut"),
    "a shutdown is waited for": ("worker/6-main.sh", 'if [ "$boot" = no ] && [ -e "$txn/restarted" ] && shutting_down; then', "if false; then", "test_sessions.Sessions"),
    "the worker's checksum is not looked at": ("front.sh", '"$RF_WORKER_SUM  worker.sh "*"$RF_WORKER_SUM"*) ;;', '"$RF_WORKER_SUM  worker.sh "*) ;;', "test_sessions.Sessions"),
    "what the next boot compares is not looked at": ("front.sh", '"$RF_WORKER_SUM  worker.sh "*"$RF_WORKER_SUM"*) ;;', '*"$RF_WORKER_SUM"*) ;;', "test_sessions.Sessions"),
    "at boot any worker is run": ("recover.service", "|| sha256sum -c sum;", "|| true;", "test_sessions.Sessions"),
    "an older version's transaction is claimed": ("status.sh", 'if [ -e "$state" ]; then return 1; fi', ':', "test_sessions.OlderVersions"),
    "one more program": ("worker/6-main.sh", "  step marked\n", "  step marked\n  sync\n", "test_transaction.Applying"),
    "each kind is not made durable": ("worker/3-commit.sh", 'if [ "$kind" != "$last_kind" ] ||', 'if false ||', "test_sessions.Durability"),
    "a rollback forgets classes": ("undo.sh", 'line="$1:$class $mode', 'line="$1 $mode', "test_sessions.OlderVersions"),
    "any history is undone from": ("undo.sh", 'if [ "$newest" != "$RF_NEWEST" ] || [ "$found" != $# ]; then', "if false; then", "test_rollback.Shown"),
    "what was shown does not count": ("rollback.sh", 'if [ "$shown" != "$RF_SHOWN" ]; then', "if false; then", "test_rollback.Shown"),
    "a sort that died is an answer": ("undo.sh", '  [ "$complete" = yes ]', "  :", "test_rollback.Shown"),
    "what later ones made of a file does not count": ("undo.sh", "    last=$9\n", '    if [ "$2" = yes ]; then last=$9; fi\n', "test_rollback.ShortHistory"),
    "what became of a file is not handed over": ("worker/5-history.sh", '$5 $6 ${14}"', '$5 $6 $7"', "test_rollback.ShortHistory"),
    "what is as before stays": ("worker/5-history.sh", 'if [ "$6" = "${14}" ]; then first=; fi', ":", "test_rollback.ShortHistory"),
    "a restart is not handed over": ("worker/5-history.sh", 'if [ "$key" = restart ] && [ "$value" != none ]', "if false", "test_rollback.ShortHistory"),
    "the history is shortened after the end": ("worker/6-main.sh", "    prune\n    forget\n", "    forget\n    prune\n", "test_rollback.ShortHistory"),
    "the state directory goes while it is used": ("remove.sh", 'if ! [ -f "$entry/front" ] || ! is_wanted "$entry"; then continue; fi', "continue", "test_uninstall.Removing"),
    "the state directory goes under a lock": ("remove.sh", "if ! take_lock remove; then", "if false; then", "test_uninstall.Removing"),
    "what was applied meanwhile goes": ("remove.sh", 'if [ "$newest" != "$RF_NEWEST" ]; then', "if false; then", "test_uninstall.Removing"),
    "what is unfinished goes": ("remove.sh", 'if [ -e "$home/active" ]; then', "if false; then", "test_uninstall.Removing"),
    "a link is followed": ("remove.sh", 'if [ -L "$home" ]; then', "if false; then", "test_uninstall.Removing"),
    "what settles is the end": ("follow.sh", '|| [ "$RF_UNTIL" = settled ]; then return 1; fi', "; then return 1; fi", "test_uninstall.Settled"),
    "what the next start makes is not tried": ("worker/2-stage.sh", '  try_trials\n}', '  :\n}', "test_transaction"),
    "a trial's content stays after a refusal": ("worker/3-commit.sh", '"$txn/contents" "$txn/trial.toml" "$txn/old"', '"$txn/contents" "$txn/old"', "test_transaction"),
    "a trial's content stays": ("worker/6-main.sh", '"$txn/contents" "$txn/trial.toml" "$txn/new"', '"$txn/contents" "$txn/new"', "test_transaction"),
    "files that a mount covers are taken for the runtime's": ("facts/1-processes.sh", '"$proc/$1/root$2" -ef ".$2"', ':', "test_facts"),
    "any class is taken": ("worker/2-stage.sh", '*) because "the manifest contains an unknown', '?) because "the manifest contains an unknown', "test_sessions.Durability"),
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
