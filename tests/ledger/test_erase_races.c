/* Reading, opening and backing up while another process erases: what is erased meanwhile is reported as erased, and a
 * generation that has just been removed is not mistaken for damage, or for a missing ledger. */
#include "tests/ledger/traces.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "ledger/derived/derived.h"
#include "ledger/event/group.h"
#include "ledger/read/reader.h"

static struct scratch s;
static void (*at_stat)(void), (*after_make_dirs)(void),
    (*at_hash)(void); /* called once, in the middle of the tested operation */
static const char *hook_path;

struct hash *__real_hash_new(void);
struct hash *__wrap_hash_new(void);
int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st);
int __real_file_make_dirs(const char *path, struct err *err);
int __wrap_file_make_dirs(const char *path, struct err *err);

static void call_once(void (**hook)(void), const char *path) {
    size_t n = strlen(path), len = hook_path == NULL ? 0 : strlen(hook_path);
    if (*hook != NULL && n >= len && strcmp(path + n - len, hook_path) == 0) {
        void (*call)(void) = *hook;
        *hook = NULL;
        call();
    }
}

/* Where an artifact's file is about to be read. */
struct hash *__wrap_hash_new(void) {
    void (*call)(void) = at_hash;
    at_hash = NULL;
    if (call != NULL) {
        call();
    }
    return __real_hash_new();
}

int __wrap_stat(const char *path, struct stat *st) {
    call_once(&at_stat, path);
    return __real_stat(path, st);
}

int __wrap_file_make_dirs(const char *path, struct err *err) {
    int rc = __real_file_make_dirs(path, err);
    call_once(&after_make_dirs, path);
    return rc;
}

/* ---- another process ---- */

/* Started before this process opened a ledger: children do not inherit what is open in a process. */
static struct other {
    char dir[300];
    uint64_t seq;
    char artifact[LOG_ARTIFACT_ID]; /* "": the body of `seq` */
} * other;
static int line = -1;
static pid_t other_pid;

static int erase_there(void) {
    struct log_erase_options o = {.what = LOG_ERASE_BODY, .reason = "request", .actor = "user:test"};
    struct ledger *ledger;
    bool artifact = other->artifact[0] != '\0';
    o.what = artifact ? LOG_ERASE_ARTIFACT : LOG_ERASE_BODY;
    o.artifact = artifact ? other->artifact : NULL;
    o.seqs = artifact ? NULL : &other->seq;
    o.n_seqs = artifact ? 0 : 1;
    int rc = log_open(other->dir, NULL, &ledger, NULL);
    if (rc == 0) {
        rc = log_erase(ledger, &o, NULL, NULL);
        int finished = rc != 0 ? rc : log_erase_finish(ledger, 0, NULL, NULL);
        rc = finished == ERR_BUSY ? 0 : finished; /* this process may keep the old files open */
        log_close(ledger);
    }
    return rc;
}

static void serve(int fd) {
    char ch;
    while (read(fd, &ch, 1) == 1) {
        ch = (char)erase_there();
        if (write(fd, &ch, 1) != 1) break;
    }
    _exit(0);
}

static void begin_other(void) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    fflush(NULL);
    other_pid = fork();
    assert_true(other_pid >= 0);
    if (other_pid == 0) {
        close(fds[0]);
        serve(fds[1]);
    }
    close(fds[1]);
    line = fds[0];
}

/* Erases the event, or the artifact, completely. */
static void another_erases(void) {
    char ch = 1;
    memcpy(other->dir, s.dir, sizeof(other->dir));
    assert_int_equal(write(line, &ch, 1), 1);
    assert_int_equal(read(line, &ch, 1), 1);
    assert_int_equal(ch, 0);
}

static int start(void **state) {
    (void)state;
    at_stat = after_make_dirs = at_hash = NULL;
    other = mmap(NULL, sizeof(*other), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(other != MAP_FAILED);
    begin_other();
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    close(line);
    assert_int_equal(waitpid(other_pid, NULL, 0), other_pid);
    munmap(other, sizeof(*other));
    scratch_done(&s);
    return 0;
}

static uint64_t append_large(char ch) {
    static char text[20000];
    struct buf body = {0}, open;
    struct log_receipt receipt;
    memset(text, ch, sizeof(text) - 1);
    struct log_draft draft = scratch_draft("x.test.note", "note/1", scratch_map(&body, "{\"text\":\"%s\"}", text));
    buf_init(&open, 64);
    mp_put_array(&open, 1);
    mp_put_str(&open, bytes_of("text"));
    draft.open = bytes_of_buf(&open);
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    buf_done(&body);
    buf_done(&open);
    return receipt.seq;
}

/* ---- reading ---- */

static void read_over(uint64_t fill) {
    struct log_reader *reader;
    struct log_event event;
    uint64_t first = append_large('a');
    other->seq = append_large('b');
    uint64_t last = append_large('c');
    scratch_fill(&s, 0, fill, false);
    must(log_reader_open(s.ledger, first, last + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    assert_true(event.payload.n > 20000);
    another_erases();
    must(log_reader_next(reader, &event, &why));
    assert_int_equal(event.seq, other->seq);
    assert_int_equal(event.payload.n, 0);
    assert_int_equal(event.body.n, 0);
    must(log_reader_next(reader, &event, &why));
    assert_int_equal(event.seq, last);
    assert_true(event.payload.n > 20000); /* with its group's salt */
    log_reader_close(reader);
    scratch_verify_good(s.ledger);
}

static void a_body_erased_after_its_group_was_read_is_given_as_erased(void **state) {
    (void)state;
    read_over(0);
    read_over(300);
}

static void its_payload_is_empty_and_the_group_says_why(void **state) {
    struct log_reader *reader;
    const struct group *group;
    struct event_header h;
    struct bytes payload;
    (void)state;
    other->seq = append_large('b');
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    must(reader_group(reader, 0, &group, &why));
    must(event_header_decode(group->event[other->seq].header, &h, &why));
    another_erases();
    must(reader_payload(reader, other->seq, &h, &payload, &why));
    assert_int_equal(payload.n, 0);
    assert_int_equal(group->event[other->seq].where, GROUP_ERASED);
    assert_int_equal(h.seq, other->seq); /* views of the group are still valid */
    assert_true(bytes_is(h.kind, "x.test.note"));
    log_reader_close(reader);
}

static void a_payload_that_is_missing_and_was_not_erased_is_damage(void **state) {
    struct log_reader *reader;
    struct log_event event;
    struct db_txn *txn;
    (void)state;
    other->seq = append_large('b');
    must(log_reader_open(s.ledger, other->seq, other->seq + 1, &reader, &why));
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_del_u64(txn, T_PAYLOAD, other->seq, &why));
    must(db_commit(txn, &why));
    must_fail(log_reader_next(reader, &event, &why), ERR_CORRUPT, "is missing or does not parse");
    log_reader_close(reader);
}

static void put_artifact(size_t n) {
    struct buf data;
    uint64_t size;
    buf_init(&data, SIZE_MAX);
    while (data.n < n) {
        buf_put_str(&data, "zebra-7341 ");
    }
    scratch_write(scratch_at(&s, "in"), bytes_of_buf(&data));
    buf_done(&data);
    must(log_artifact_put(s.ledger, scratch_at(&s, "in"), other->artifact, &size, &why));
    assert_int_equal(unlink(scratch_at(&s, "in")), 0);
}

static int get_artifact(void) {
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int rc = log_artifact_get(s.ledger, other->artifact, fd, &why);
    close(fd);
    return rc;
}

static void an_artifact_erased_after_its_record_was_read_is_erased(void **state) {
    (void)state;
    put_artifact(200000);
    at_hash = another_erases;
    must_fail(get_artifact(), ERR_NOTFOUND, "the artifact was erased");
    assert_null(at_hash);
}

static void a_verification_believes_an_artifact_that_is_erased_meanwhile(void **state) {
    (void)state;
    put_artifact(200000);
    at_hash = another_erases;
    scratch_verify_good(s.ledger);
    assert_null(at_hash);
    scratch_verify_good(s.ledger);
}

/* ---- backing up ---- */

static void a_backup_is_of_the_generation_that_is_valid(void **state) {
    struct ledger *copy;
    (void)state;
    other->seq = append_large('b');
    another_erases(); /* this handle does not know it yet */
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    must(log_open(scratch_at(&s, "copy"), NULL, &copy, &why));
    scratch_verify_good(copy);
    log_close(copy);
    other->seq = append_large('d');
    another_erases();
    must(log_backup(s.ledger, scratch_at(&s, "copy2"), &why));
}

static void a_backup_begins_again_when_an_artifact_was_erased_meanwhile(void **state) {
    (void)state;
    put_artifact(200000);
    hook_path = "/evidence"; /* of the copy, which is made first */
    after_make_dirs = another_erases;
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    assert_null(after_make_dirs);
    assert_int_equal(traces_below(scratch_at(&s, "copy"), "zebra"), 0);
}

/* ---- opening ---- */

static void whoever_opens_while_a_generation_goes_finds_the_next(void **state) {
    struct ledger *ledger;
    (void)state;
    scratch_fill(&s, 0, 3, false);
    scratch_close(&s);
    other->seq = 1;
    hook_path = "/evidence";
    at_stat = another_erases;
    must(log_open(s.dir, NULL, &ledger, &why));
    assert_null(at_stat);
    assert_int_equal(db_generation(ledger->evidence), 1);
    log_close(ledger);
    scratch_open(&s);
}

static void derived_data_is_opened_where_the_generation_is_by_then(void **state) {
    struct db *derived;
    (void)state;
    scratch_fill(&s, 0, 3, false);
    other->seq = 1;
    hook_path = "/derived";
    after_make_dirs = another_erases;
    must(derived_open(s.ledger, true, &derived, &why));
    assert_null(after_make_dirs);
    assert_false(file_exists(scratch_at(&s, "box/derived")));
    assert_true(file_exists(scratch_at(&s, "box/derived.1")));
}

static void there_is_no_ledger_where_none_is(void **state) {
    struct ledger *ledger;
    (void)state;
    must_fail(log_open(s.top, NULL, &ledger, &why), ERR_NOTFOUND, "there is no ledger in");
    must_fail(log_open(scratch_at(&s, "nowhere"), NULL, &ledger, &why), ERR_NOTFOUND, "there is no ledger in");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        TEST(a_body_erased_after_its_group_was_read_is_given_as_erased),
        TEST(its_payload_is_empty_and_the_group_says_why),
        TEST(a_payload_that_is_missing_and_was_not_erased_is_damage),
        TEST(an_artifact_erased_after_its_record_was_read_is_erased),
        TEST(a_verification_believes_an_artifact_that_is_erased_meanwhile),
        TEST(a_backup_is_of_the_generation_that_is_valid),
        TEST(a_backup_begins_again_when_an_artifact_was_erased_meanwhile),
        TEST(whoever_opens_while_a_generation_goes_finds_the_next),
        TEST(derived_data_is_opened_where_the_generation_is_by_then),
        TEST(there_is_no_ledger_where_none_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
