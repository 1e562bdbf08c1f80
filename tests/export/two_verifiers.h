/* What the tests of both verifiers share: a list of bundles, each with this program's verdict, which share/verify_bundle.py
 * then processes in one run. */
#ifndef TESTS_EXPORT_TWO_VERIFIERS_H
#define TESTS_EXPORT_TWO_VERIFIERS_H

#include "tests/export/forge.h"

#include <spawn.h>

extern char **environ;
static struct buf list; /* a line for each bundle: path, expected exit code and rule ("-": any), arguments */
static char vkey[400], genesis[2 * LOG_HASH + 1];
static unsigned n_files;

/* Runs the script's main for each line of a file; the same signatures are verified over and over. */
static const char driver[] =
    "import contextlib, functools, importlib.util, io, json, resource, sys\n"
    "resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]) << 20,) * 2)\n"
    "spec = importlib.util.spec_from_file_location('page', 'share/verify_bundle.py')\n"
    "page = importlib.util.module_from_spec(spec)\n"
    "spec.loader.exec_module(page)\n"
    "page.ed25519 = functools.lru_cache(None)(page.ed25519)\n"
    "wrong = 0\n"
    "for line in open(sys.argv[1]):\n"
    "    path, wanted, rule, *args = line.rstrip('\\n').split('\\t')\n"
    "    out = io.StringIO()\n"
    "    with contextlib.redirect_stdout(out):\n"
    "        code = page.main([path, '--json'] + args)\n"
    "    if code != int(wanted) or rule not in ('-', json.loads(out.getvalue())['rule']):\n"
    "        wrong += 1\n"
    "        print('%s: %d, not %s by %s\\n%s' % (path, code, wanted, rule, out.getvalue()), file=sys.stderr)\n"
    "sys.exit(wrong > 0)\n";

static __attribute__((unused)) int start(void **state) {
    uint8_t leaf[LOG_HASH];
    start_full(state);
    buf_init(&list, (size_t)1 << 20);
    snprintf(vkey, sizeof(vkey), "%s", log_vkey(s.ledger));
    log_genesis(s.ledger, leaf);
    text_hex(genesis, leaf, sizeof(leaf));
    return 0;
}

static __attribute__((unused)) int done(void **state) {
    buf_done(&list);
    return finish(state);
}

/* The exit code; -1: there is no such program. */
static __attribute__((unused)) int run(const char *const *args) {
    char *argv[8] = {NULL};
    int status = 0;
    pid_t pid;
    for (size_t n = 0; args[n] != NULL; n++) {
        assert_true(n < 7);
        argv[n] = (char *)(uintptr_t)args[n];
    }
    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0) return -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The script gives the same verdict on all listed bundles, in 1 GiB of memory. */
static __attribute__((unused)) void page_agrees(void) {
    const char *const args[] = {"python3", "-B", "-c", driver, scratch_at(&s, "list"), "1024", NULL};
    scratch_write(args[4], bytes_of_buf(&list));
    buf_clear(&list);
    assert_int_equal(run(args), 0);
}

static __attribute__((unused)) void both_say(struct bytes bytes, enum log_verdict verdict, const struct log_trust *t,
                                             const char *const *args) {
    char name[32];
    verify(bytes, t);
    verdict_is(verdict);
    snprintf(name, sizeof(name), "bundle-%u", n_files++);
    scratch_write(scratch_at(&s, name), bytes);
    buf_printf(&list, "%s\t%d\t%s", scratch_at(&s, name), (int)verdict,
               report.log.n_findings == 1 ? report.log.findings[0].rule : "-");
    for (; *args != NULL; args++) {
        buf_printf(&list, "\t%s", *args);
    }
    buf_put_u8(&list, '\n');
}

static __attribute__((unused)) void both_trusting(struct bytes bytes, enum log_verdict verdict) {
    const char *const args[] = {"--key", vkey, NULL};
    both_say(bytes, verdict, trust, args);
}

static __attribute__((unused)) bool has_zstd(void) {
    return run((const char *const[]){"sh", "-c", "command -v zstd >/dev/null", NULL}) == 0;
}

#endif
