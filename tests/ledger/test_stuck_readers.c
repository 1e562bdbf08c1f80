/* Long-lived readers. Ours hold no snapshot while no event is requested, so that a pager at the end of a pipe does not make
 * the database grow; a dead process's reader is cleared by the next writer; one of a living process is named. */
#include "tests/ledger/scratch.h"

#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#define LITTLE   ((uint64_t)2 << 20) /* the room for some hundred commits when nobody holds old pages */
#define COMMITS  400                 /* each rewrites some ten pages: held, that is 16 MiB */
#define EXTERNAL 20000               /* bytes of a payload with a record of its own */

static struct scratch s;

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* The database's pages, without opening it: that would clear dead readers. */
static uint64_t file_size(void) {
    struct stat st;
    assert_int_equal(stat(scratch_at(&s, "box/evidence/data.mdb"), &st), 0);
    return (uint64_t)st.st_size;
}

static void append_some(unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        scratch_append(&s, i, NULL);
    }
}

/* ---- our own ---- */

/* An event whose payload has a record of its own, and which has private fields. */
static void append_large(void) {
    struct buf body = {0}, private_ = {0};
    char *text = calloc(1, EXTERNAL + 1);
    assert_non_null(text);
    memset(text, 'a', EXTERNAL);
    struct log_draft draft =
        scratch_draft("x.test.large", "run/r-1", scratch_map(&body, "{\"text\": \"%s\", \"who\": 7}", text));
    uint8_t open[16];
    struct buf names = {.p = open, .cap = sizeof(open), .max = sizeof(open)};
    mp_put_array(&names, 1);
    mp_put_str(&names, bytes_of("text"));
    draft.open = bytes_of_buf(&names);
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    buf_done(&body);
    buf_done(&private_);
    free(text);
}

/* A returned event is unchanged until the next call, and the private fields are available after a pause. */
static void check_large(struct log_reader *reader, const struct log_event *event) {
    uint8_t leaf[LOG_HASH], commit[EVENT_HASH];
    struct event_header h;
    struct buf fields;
    event_leaf(leaf, event->header);
    assert_memory_equal(leaf, event->leaf, LOG_HASH);
    must(event_header_decode(event->header, &h, &why));
    assert_true(event->payload.n > EXTERNAL);
    event_body_commit(commit, event->salt, event->payload);
    assert_memory_equal(commit, h.body, EVENT_HASH);
    assert_true(event->has_private);
    buf_init(&fields, 1 << 16);
    must(log_reader_private(reader, &fields, &why));
    assert_true(fields.n > 4);
    buf_done(&fields);
}

static void a_reader_that_is_left_open_holds_no_old_pages(void **state) {
    struct log_reader *reader;
    struct log_event event;
    uint64_t n = 0, before;
    int rc;
    (void)state;
    append_large(); /* event 1 */
    scratch_fill(&s, 0, 600, false);
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    before = file_size();
    append_some(COMMITS); /* nothing has been read yet */
    while ((rc = log_reader_next(reader, &event, &why)) == 0) {
        assert_int_equal(event.seq, n++);
        if (n == 2 || n == 300) {
            append_some(COMMITS);
        }
        if (n == 2) {
            check_large(reader, &event);
            append_some(COMMITS);
        }
    }
    assert_int_equal(rc, 1);
    assert_int_equal(n, 602); /* what existed when it was opened */
    append_some(COMMITS);     /* at its end it is still open */
    assert_true(file_size() - before < LITTLE);
    log_reader_close(reader);
    scratch_verify_good(s.ledger);
}

struct fetch {
    pthread_t thread;
    char id[LOG_ARTIFACT_ID];
    int fd, rc;
};

static void *fetch(void *arg) {
    struct fetch *f = arg;
    f->rc = log_artifact_get(s.ledger, f->id, f->fd, NULL);
    close(f->fd);
    return NULL;
}

static void an_artifact_that_nobody_takes_holds_no_old_pages(void **state) {
    static uint8_t content[40000], got[sizeof(content)];
    struct fetch f = {.rc = -1};
    int fds[2], waiting = 0;
    uint64_t size, before;
    size_t n = 0;
    ssize_t more;
    (void)state;
    for (size_t i = 0; i < sizeof(content); i++) {
        content[i] = (uint8_t)(i * i / 7);
    }
    scratch_write(scratch_at(&s, "content"), (struct bytes){content, sizeof(content)});
    must(log_artifact_put(s.ledger, scratch_at(&s, "content"), f.id, &size, &why));
    assert_int_equal(pipe(fds), 0);
    int room = fcntl(fds[1], F_SETPIPE_SZ, 4096);
    assert_true(room > 0 && room < (int)sizeof(content));
    f.fd = fds[1];
    assert_int_equal(pthread_create(&f.thread, NULL, fetch, &f), 0);
    while (waiting < room) { /* until it is stuck */
        assert_int_equal(ioctl(fds[0], FIONREAD, &waiting), 0);
        usleep(1000);
    }
    before = file_size();
    append_some(COMMITS);
    assert_true(file_size() - before < LITTLE);
    while ((more = read(fds[0], got + n, sizeof(got) - n)) > 0) {
        n += (size_t)more;
    }
    close(fds[0]);
    pthread_join(f.thread, NULL);
    assert_int_equal(f.rc, 0);
    assert_int_equal(n, sizeof(content));
    assert_memory_equal(got, content, sizeof(content));
}

/* ---- other processes' ---- */

struct holder {
    pid_t pid;
    int leash; /* closing it ends the holder */
};

/* A process that knows nothing of ledgers and holds a snapshot of the database until it is released. */
static void hold(const char *dir, int tell, int leash) {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    char name[] = "head", byte = 0;
    MDB_val key = {4, name}, value;
    if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 4) != 0 || mdb_env_open(env, dir, MDB_RDONLY, 0600) != 0 ||
        mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 || mdb_dbi_open(txn, "meta", 0, &dbi) != 0 ||
        mdb_get(txn, dbi, &key, &value) != 0 || write(tell, &byte, 1) != 1) {
        _exit(9);
    }
    ssize_t n = read(leash, &byte, 1);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    _exit(n == 0 ? 0 : 8);
}

/* The test's own handle is closed meanwhile: it must not be used across a fork. */
static struct holder holder_new(void) {
    int tell[2], leash[2];
    char byte;
    scratch_close(&s);
    assert_int_equal(pipe(tell), 0);
    assert_int_equal(pipe(leash), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(leash[1]);
        hold(scratch_at(&s, "box/evidence"), tell[1], leash[0]);
    }
    close(tell[1]);
    close(leash[0]);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    close(tell[0]);
    scratch_open(&s);
    return (struct holder){pid, leash[1]};
}

static void holder_kill(const struct holder *h) {
    int status;
    assert_int_equal(kill(h->pid, SIGKILL), 0);
    assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
    close(h->leash);
}

static void holder_end(const struct holder *h) {
    int status;
    close(h->leash);
    assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
    assert_int_equal(status, 0);
}

static void a_killed_reader_makes_nothing_grow_for_long(void **state) {
    (void)state;
    struct holder h = holder_new();
    append_some(10);
    holder_kill(&h);
    uint64_t before = file_size();
    append_some(4 * COMMITS); /* by one handle that is never opened again */
    assert_true(file_size() - before < SCRATCH_MAP / 8);
    scratch_verify_good(s.ledger);
}

static void a_foreign_reader_that_stays_is_named(void **state) {
    struct log_stats stats;
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    must(log_stats(s.ledger, &stats, &why));
    assert_true(stats.readers == 0 && stats.oldest_reader_pid == 0 && stats.oldest_reader_commits == 0);
    struct holder h = holder_new();
    must(log_stats(s.ledger, &stats, &why));
    assert_true(stats.readers == 1 && stats.oldest_reader_pid == 0); /* it has the newest */
    append_some(50);
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why)); /* our own holds none */
    must(log_reader_next(reader, &event, &why));
    append_some(1);
    must(log_stats(s.ledger, &stats, &why));
    assert_int_equal(stats.readers, 2);
    assert_int_equal(stats.dead_readers, 0);
    assert_int_equal(stats.oldest_reader_pid, h.pid);
    assert_int_equal(stats.oldest_reader_commits, 51);
    holder_end(&h);
    must(log_stats(s.ledger, &stats, &why));
    assert_int_equal(stats.readers, 1);
    assert_int_equal(stats.oldest_reader_pid, 0);
    log_reader_close(reader);
    h = holder_new();
    append_some(3);
    holder_kill(&h);
    must(log_stats(s.ledger, &stats, &why));
    assert_int_equal(stats.readers, 0);
    assert_int_equal(stats.dead_readers, 1);
    assert_int_equal(stats.oldest_reader_pid, 0);
}

static void what_a_foreign_reader_held_is_used_again_when_it_goes(void **state) {
    (void)state;
    struct holder h = holder_new();
    uint64_t before = file_size();
    append_some(COMMITS);
    uint64_t held = file_size();
    assert_true(held - before > LITTLE);
    holder_end(&h);
    append_some(2 * COMMITS);
    assert_true(file_size() - held < LITTLE / 8);
    scratch_verify_good(s.ledger);
}

static void a_full_quota_names_who_holds_old_pages(void **state) {
    const uint64_t quota = (uint64_t)8 << 20;
    char text[128];
    uint64_t n = 0;
    int rc;
    scratch_done(&s);
    scratch_new(&s, quota);
    (void)state;
    struct holder h = holder_new();
    while ((rc = scratch_try(s.ledger, n, NULL, NULL, &why)) == 0) {
        n++;
    }
    assert_int_equal(rc, ERR_FULL);
    assert_non_null(strstr(why.msg, "the database has reached its quota of 8388608 bytes"));
    snprintf(text, sizeof(text), "process %d has been reading a snapshot for %llu commits", (int)h.pid,
             (unsigned long long)n);
    assert_non_null(strstr(why.msg, text));
    scratch_verify_good(s.ledger);
    holder_end(&h);
    /* what was held counts as used; slightly more and it is reused */
    snprintf(text, sizeof(text), "map_bytes = %llu\n", (unsigned long long)quota + (1 << 20));
    scratch_write(scratch_at(&s, "box/config"), bytes_of(text));
    scratch_reopen(&s);
    append_some(5 * COMMITS);
    scratch_verify_good(s.ledger);
}

int main(void) {
    scratch_in_memory(); /* some thousand commits, each synced */
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(a_reader_that_is_left_open_holds_no_old_pages), each(an_artifact_that_nobody_takes_holds_no_old_pages),
        each(a_killed_reader_makes_nothing_grow_for_long),   each(a_foreign_reader_that_stays_is_named),
        each(a_full_quota_names_who_holds_old_pages),        each(what_a_foreign_reader_held_is_used_again_when_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
