/* A secret in the log does not leave it: export and reveal refuse, say where it is and by which rule, write nothing and
 * record nothing. Appended text is masked, so the secrets get in while the scanner is disabled, as it is for secrets whose
 * rules a later version adds. */
#include "tests/ledger/scratch.h"

#include <dirent.h>
#include <sys/mman.h>

#include "base/secret/secret.h"
#include "cli/call/command.h"

#define TOKEN "ghp_0123456789abcdefghijABCDEFGHIJ012345"
#define AWS   "AK\x49\x41QWERTYUIOP234567"

static struct scratch s;
static bool blind;
static char out_dir[300];
static struct buf said, shown; /* standard error and standard output of the last command */

int __real_secret_next(struct bytes text, size_t from, struct secret_hit *ret);
int __wrap_secret_next(struct bytes text, size_t from, struct secret_hit *ret);
int __wrap_secret_next(struct bytes text, size_t from, struct secret_hit *ret) {
    return blind ? 1 : __real_secret_next(text, from, ret);
}

/* ---- a ledger ---- */

enum { CLEAN = 1, IN_BODY, IN_PRIVATE, IN_AUTHOR, IN_NESTED, EVENTS };

static void event(uint64_t seq, const char *json, const struct log_author *author) {
    struct buf body = {0};
    struct log_receipt receipt;
    char subject[32];
    snprintf(subject, sizeof(subject), "pack/p-%u", (unsigned)seq);
    struct log_draft draft = scratch_draft("permission.granted", subject, scratch_map(&body, "%s", json));
    draft.author = author;
    draft.force_private = true;
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    assert_int_equal(receipt.seq, seq);
    assert_int_equal(receipt.masked, 0);
    buf_done(&body);
}

/* Of permission.granted, note and fields outside the catalog are private. */
static int start(void **state) {
    struct log_author *author;
    struct buf vkey;
    (void)state;
    scratch_in_memory();
    scratch_new(&s, 0);
    buf_init(&vkey, 1024);
    buf_init(&said, 1 << 20);
    buf_init(&shown, 16 << 20);
    snprintf(out_dir, sizeof(out_dir), "%s", scratch_at(&s, "out"));
    assert_int_equal(mkdir(out_dir, 0700), 0);
    must(log_author_new(scratch_at(&s, "author"), TOKEN, bytes_of(""), &vkey, &why));
    must(log_author_load(scratch_at(&s, "author"), bytes_of(""), &author, &why));
    blind = true;
    event(CLEAN, "{\"group\":\"exec\",\"scope\":\"in\",\"tier\":\"T1\",\"note\":\"for March\"}", NULL);
    event(IN_BODY, "{\"group\":\"exec\",\"scope\":\"in " TOKEN "\",\"tier\":\"T1\",\"note\":\"for March\"}", NULL);
    event(IN_PRIVATE, "{\"group\":\"exec\",\"scope\":\"in\",\"tier\":\"T1\",\"note\":\"use " AWS "\",\"more\":\"fine\"}",
          NULL);
    blind = false; /* an author's name is not scanned */
    event(IN_AUTHOR, "{\"group\":\"exec\",\"scope\":\"in\",\"tier\":\"T1\",\"note\":\"for March\"}", author);
    blind = true;
    event(IN_NESTED, "{\"group\":\"exec\",\"scope\":\"in\",\"tier\":\"T1\",\"more\":{\"a\":[1,{\"b\":\"" TOKEN "\"}]}}",
          NULL);
    blind = false;
    log_author_free(author);
    buf_done(&vkey);
    scratch_close(&s);
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&said);
    buf_done(&shown);
    scratch_open(&s);
    scratch_done(&s);
    return 0;
}

static uint64_t size_now(void) {
    scratch_open(&s);
    uint64_t size = scratch_size(&s);
    scratch_close(&s);
    return size;
}

/* ---- commands ---- */

static int catch (int fd, int *ret_kept) {
    int file = memfd_create("caught", MFD_CLOEXEC);
    assert_true(file >= 0);
    *ret_kept = dup(fd);
    assert_true(*ret_kept >= 0);
    assert_int_equal(dup2(file, fd), fd);
    return file;
}

static void let_go(int fd, int kept, int file, struct buf *ret) {
    char piece[4096];
    ssize_t n;
    assert_int_equal(dup2(kept, fd), fd);
    close(kept);
    buf_clear(ret);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    while ((n = read(file, piece, sizeof(piece))) > 0) {
        buf_put(ret, piece, (size_t)n);
    }
    close(file);
    assert_int_equal(n, 0);
    buf_put_u8(ret, 0);
    assert_int_equal(ret->fail, 0);
}

extern const struct spec spec_reveal, spec_export;

/* "export --whole -o x", as a shell would split it, in the folder `out`; its exit code. */
static int run(const char *line) {
    struct cli cli = {.json = strstr(line, "--json") != NULL};
    struct opt_args args = {0};
    char words[256], *argv[32], *rest = words;
    int argc = 0, kept[2], file[2];
    bool reveal = strncmp(line, "reveal", 6) == 0;
    const struct spec *spec = reveal ? &spec_reveal : &spec_export;
    static const struct opt json[] = {{"json", 0, NULL, ""}, {0}};
    snprintf(words, sizeof(words), "%s", line);
    snprintf(cli.dir, sizeof(cli.dir), "%s", s.dir);
    cli.command = reveal ? "reveal" : "export";
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(argc < 32);
        argv[argc++] = word;
    }
    must(opt_parse(spec->opts, json, argc - 1, argv + 1, false, &args, NULL, &why));
    int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(chdir(out_dir), 0);
    fflush(NULL);
    file[0] = catch (STDOUT_FILENO, &kept[0]);
    file[1] = catch (STDERR_FILENO, &kept[1]);
    int exit_code = spec->run(&cli, &args);
    fflush(NULL);
    let_go(STDERR_FILENO, kept[1], file[1], &said);
    let_go(STDOUT_FILENO, kept[0], file[0], &shown);
    assert_int_equal(fchdir(before), 0);
    close(before);
    opt_done(&args);
    return exit_code;
}

static size_t n_files(void) {
    DIR *dir = opendir(out_dir);
    size_t n = 0;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(dir);
    return n;
}

/* It is refused with this message, which does not contain the secret; no file exists, no event was written. */
static void refused(const char *line, const char *message) {
    uint64_t before = size_now();
    int exit_code = run(line);
    if (exit_code != EXIT_INPUT || strstr((char *)said.p, message) == NULL) {
        fail_msg("%s: exit code %d, '%s', not '%s'", line, exit_code, (char *)said.p, message);
    }
    assert_null(strstr((char *)said.p, "ghp_"));
    assert_null(strstr((char *)said.p, "QWERTY"));
    assert_int_equal(n_files(), 0);
    assert_int_equal(size_now(), before);
}

/* The file x is written and recorded; it is then removed again. */
static void passes(const char *line) {
    uint64_t before = size_now();
    int exit_code = run(line);
    if (exit_code != EXIT_GOOD) {
        fail_msg("%s: exit code %d, '%s'", line, exit_code, (char *)said.p);
    }
    assert_int_equal(size_now(), before + 1);
    assert_int_equal(n_files(), 1);
    char path[310];
    snprintf(path, sizeof(path), "%s/x", out_dir);
    assert_int_equal(unlink(path), 0);
}

/* ---- tests ---- */

#define AT(seq, rule, n) "event " seq " holds what looks like a secret (" rule "); " n " in all: nothing is exported\n"

static void a_secret_in_a_body_refuses_the_export(void **state) {
    (void)state;
    refused("export --whole -o x", "ledger: export: " AT("2", "github-pat", "2"));
    refused("export --whole --bodies all --plain -o x", AT("2", "github-pat", "2"));
    refused("export --subject pack/p-2 -o x", AT("2", "github-pat", "1"));
    refused("export --sparse 1,2 -o x", AT("2", "github-pat", "1"));
    refused("export --sparse 4 -o x", AT("4", "github-pat", "1"));
    refused("export --whole -o x --json", "\"code\":\"ERR_INVALID\"");
}

static void a_secret_in_a_disclosed_private_field_refuses_the_export(void **state) {
    (void)state;
    refused("export --sparse 1,3 --private note -o x", AT("3", "aws-key-id", "1"));
    refused("export --subject pack/p-3 --private more,note -o x", AT("3", "aws-key-id", "1"));
    refused("export --sparse 5 --private more -o x", AT("5", "github-pat", "1"));
    refused("export --sparse 3,5 --private more,note -o x", AT("3", "aws-key-id", "2"));
}

static void a_secret_refuses_the_reveal(void **state) {
    (void)state;
    refused("reveal 3 --private note -o x", "ledger: reveal: " AT("3", "aws-key-id", "1"));
    refused("reveal 3 --private more,note --plain -o x", AT("3", "aws-key-id", "1"));
    refused("reveal 5 --private more -o x", AT("5", "github-pat", "1"));
    refused("reveal 2 --private note -o x", AT("2", "github-pat", "1")); /* the body is exported with it */
    refused("reveal 4 --private note -o x", AT("4", "github-pat", "1"));
    refused("reveal 3 --private note --print -o x", AT("3", "aws-key-id", "1"));
    assert_string_equal((char *)shown.p, "");
}

static void nothing_goes_to_standard_output_either(void **state) {
    static const char *const lines[] = {"export --whole --plain -o -", "export --sparse 3 --private note -o -",
                                        "reveal 3 --private note -o -"};
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        refused(lines[i], "holds what looks like a secret");
        assert_string_equal((char *)shown.p, "");
    }
}

static void a_dry_run_says_that_it_would_be_refused(void **state) {
    (void)state;
    refused("export --whole --dry-run", "2 texts look like secrets: the export would be refused");
    refused("export --sparse 3 --private note --dry-run", "1 text looks like secrets: the export would be refused");
    assert_null(strstr((char *)shown.p, "QWERTY"));
}

static void a_secret_that_stays_behind_refuses_nothing(void **state) {
    (void)state;
    passes("export --whole --bodies none --plain -o x");
    passes("export --sparse 1 --private note --plain -o x");
    passes("export --sparse 3,5 --plain -o x"); /* their notes are digests */
    passes("export --sparse 3 --private more --plain -o x");
    passes("reveal 3 --private more --plain -o x");
    passes("export --whole --subject pack/p-1 --private note --plain -o x");
}

static void a_dry_run_of_a_reveal_shows_no_secret(void **state) {
    (void)state;
    refused("reveal 3 --private note --dry-run", "event 3 holds what looks like a secret: it would not be revealed");
    assert_string_equal((char *)shown.p, "");
}

static void a_secret_in_a_state_refuses_the_export(void **state) {
    (void)state;
    refused("export --sparse 1 --states runs,permissions -o x",
            "the state 'permissions' holds what looks like a secret (github-pat); 1 in all: nothing is exported\n");
    refused("export --sparse 1 --states permissions --dry-run", "1 text looks like secrets");
    passes("export --sparse 1 --states runs -o x");
}

/* An event about something of this name, with one open field. */
static void append(const char *kind, const char *subject, const char *name, const char *value) {
    struct buf body = {0};
    struct log_receipt receipt;
    scratch_open(&s);
    struct log_draft draft = scratch_draft(kind, subject, scratch_map(&body, "{\"%s\":\"%s\"}", name, value));
    blind = true;
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    blind = false;
    scratch_close(&s);
    buf_done(&body);
}

/* At the boundary of two pieces that are scanned at once. */
static void put_artifact(char id[LOG_ARTIFACT_ID]) {
    static char content[600000];
    uint64_t size = sizeof(content);
    memset(content, ' ', sizeof(content));
    memcpy(content + (256 << 10) - 20, TOKEN, strlen(TOKEN));
    scratch_write(scratch_at(&s, "artifact"), (struct bytes){(uint8_t *)content, sizeof(content)});
    scratch_open(&s);
    must(log_artifact_put(s.ledger, scratch_at(&s, "artifact"), id, &size, &why));
    scratch_close(&s);
}

static void a_secret_in_an_artifact_refuses_the_export(void **state) {
    char id[LOG_ARTIFACT_ID], message[400];
    (void)state;
    put_artifact(id);
    append("run.artifact", "run/r-1", "digest", id + strlen("artifact:"));
    snprintf(message, sizeof(message), "%s holds what looks like a secret (github-pat); 1 in all: nothing is exported\n",
             id);
    refused("export --kind run.artifact --artifacts -o x", message);
    refused("export --kind run.artifact --artifacts --dry-run", "1 text looks like secrets");
    passes("export --kind run.artifact -o x");
}

static void a_secret_in_a_header_refuses_the_export(void **state) {
    (void)state;
    uint64_t seq = size_now();
    append("x.acme.thing", "thing/" TOKEN, "n", "1");
    char line[100], message[200];
    snprintf(line, sizeof(line), "export --since %llu --bodies none -o x", (unsigned long long)seq);
    snprintf(message, sizeof(message), "event %llu holds what looks like a secret (github-pat); 1 in all: nothing",
             (unsigned long long)seq);
    refused(line, message);
    refused("export --whole --kind ledger.created -o x", message); /* all headers of the range are exported */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_in_a_body_refuses_the_export),
        cmocka_unit_test(a_secret_in_a_disclosed_private_field_refuses_the_export),
        cmocka_unit_test(a_secret_refuses_the_reveal),
        cmocka_unit_test(nothing_goes_to_standard_output_either),
        cmocka_unit_test(a_dry_run_says_that_it_would_be_refused),
        cmocka_unit_test(a_secret_that_stays_behind_refuses_nothing),
        cmocka_unit_test(a_dry_run_of_a_reveal_shows_no_secret),
        cmocka_unit_test(a_secret_in_a_state_refuses_the_export),
        cmocka_unit_test(a_secret_in_an_artifact_refuses_the_export),
        cmocka_unit_test(a_secret_in_a_header_refuses_the_export), /* the last: that one stays in the range */
    };
    return cmocka_run_group_tests(tests, start, finish);
}
