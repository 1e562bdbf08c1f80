/* Events of programs, by POST. One thread writes: what came while it wrote goes into its next transaction, so that many clients share one
 * wait for the disk, and each is answered when its event is durable.
 *
 * Each event is judged as `ledger append --checked` does, inside the transaction. Events that could not change what another one of the
 * same transaction is judged by are written together: of different subjects and runs, and of kinds whose judge looks at nothing else.
 * All others are written one by one. */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/thread.h"
#include "projections/act/checked.h"
#include "serve/web/draft.h"

#define WAITING_MAX  4096
#define BODY_MAX     ((size_t)16 << 20)
#define TOGETHER_MAX 256

struct web_writer {
    struct web *web;
    struct httpd_watch watch;
    pthread_t thread;
    bool runs;
    struct adding *all; /* the loop's: whatever is not answered yet */
    size_t n;
    pthread_mutex_t lock; /* protects what follows */
    pthread_cond_t wake;
    struct adding *todo, **todo_last, *done, **done_last;
    bool ends;
};

/* ---- the thread ---- */

/* Kinds whose judge looks at their own subject and run, and at permissions, which only the end of a run could change. */
static bool is_by_itself(struct bytes kind) {
    static const char *const families[] = {"x.", "job.", "agent.", "run."};
    if (bytes_is(kind, "run.step") || (decide_uses(kind) && !bytes_is(kind, "run.started"))) return false;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (bytes_has_prefix(kind, families[i])) return true;
    }
    return false;
}

static bool meets(const struct adding *a, const struct adding *b) {
    bool subject = bytes_eq(a->draft.subject, b->draft.subject),
         run = a->draft.run.n > 0 && bytes_eq(a->draft.run, b->draft.run);
    bool key = a->draft.key.n > 0 && bytes_eq(a->draft.key, b->draft.key);
    bool names = (bytes_has_prefix(a->draft.subject, "run/") && b->draft.run.n > 0) ||
                 (bytes_has_prefix(b->draft.subject, "run/") && a->draft.run.n > 0);
    if (names) { /* run/ID and events of run ID */
        struct bytes one = a->draft.run.n > 0 ? a->draft.run : b->draft.run;
        struct bytes other = a->draft.run.n > 0 ? b->draft.subject : a->draft.subject;
        run = run || (other.n == one.n + 4 && memcmp(other.p + 4, one.p, one.n) == 0);
    }
    return subject || run || key;
}

struct together {
    struct adding *one[TOGETHER_MAX];
    size_t n, refused; /* index; n: none */
};

static int may_all(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    struct together *t = ctx;
    int rc = 0;
    t->refused = t->n;
    for (size_t i = 0; rc == 0 && ret->yes && i < t->n; i++) {
        rc = decide_may_append(view, &t->one[i]->draft, ret, err);
        if (!ret->yes) t->refused = i;
    }
    return rc;
}

/* On failure `refused` is the index of the one that it is about, if it is about one. */
static int commit(struct ledger *ledger, struct state_view **kept, struct together *t, struct log_receipt *receipts,
                  struct err *err) {
    struct log_batch *batch = NULL;
    struct decision decision;
    decide_begin(&decision);
    int rc = log_batch_new(ledger, &batch, err);
    for (t->refused = 0; rc == 0 && t->refused < t->n;) {
        rc = log_batch_add(batch, &t->one[t->refused]->draft, err);
        t->refused += rc == 0 ? 1 : 0;
    }
    if (rc == 0) rc = checked_commit_again(ledger, batch, may_all, t, kept, receipts, &decision, err);
    log_batch_free(batch);
    return rc;
}

/* A key that was used before must have been used for the same: otherwise the answer would be about something else. */
static void compare_first(struct ledger *ledger, struct adding *a) {
    struct log_reader *reader = NULL;
    struct log_event first;
    struct buf body = {.max = BODY_MAX}, private_ = {.max = BODY_MAX}, there = {.max = BODY_MAX};
    uint64_t seq = a->receipt.seq;
    uint32_t masked;
    bool same = false;
    int rc = log_draft_check(&a->draft, &body, &private_, &masked, &a->err);
    if (rc == 0) rc = log_reader_open(ledger, seq, seq + 1, &reader, &a->err);
    if (rc == 0) rc = log_reader_next(reader, &first, &a->err);
    if (rc == 0 && first.has_private) rc = log_reader_private(reader, &there, &a->err);
    if (rc == 0) {
        same = bytes_eq(first.kind, a->draft.kind) && bytes_eq(first.subject, a->draft.subject) &&
               (first.body.n == 0 || bytes_eq(first.body, bytes_of_buf(&body))) &&
               bytes_eq(bytes_of_buf(&there), bytes_of_buf(&private_));
        rc = same ? 0
                  : err_set(&a->err, ERR_CONFLICT,
                            "the idempotency key was used before, for event %llu, which is another one",
                            (unsigned long long)seq);
    }
    a->code = rc;
    log_reader_close(reader);
    buf_done(&body);
    buf_done(&private_);
    buf_done(&there);
}

static void write_alone(struct ledger *ledger, struct adding *a) {
    char note[CHECKED_NOTE_MAX];
    a->code = checked_append(ledger, &a->draft, &a->receipt, NULL, note, &a->err);
    if (a->code == 0 && a->receipt.duplicate) compare_first(ledger, a);
}

static void leave_out(struct together *t, size_t i) {
    memmove(&t->one[i], &t->one[i + 1], (t->n - i - 1) * sizeof(t->one[0]));
    t->n--;
}

/* All in one transaction. What is refused is tried again by itself: it may exist already, and then is no new step. */
static void write_together(struct ledger *ledger, struct state_view **kept, struct together *t) {
    struct log_receipt receipts[TOGETHER_MAX];
    struct err ignored = {0};
    while (t->n > 0 && commit(ledger, kept, t, receipts, &ignored) != 0) {
        size_t i = t->refused < t->n ? t->refused : t->n - 1;
        struct adding *a = t->one[i];
        leave_out(t, i);
        write_alone(ledger, a);
    }
    for (size_t i = 0; i < t->n; i++) {
        t->one[i]->receipt = receipts[i];
        if (receipts[i].duplicate) compare_first(ledger, t->one[i]);
    }
}

static void write_some(struct ledger *ledger, struct state_view **kept, struct adding *first) {
    struct together t = {.n = 0};
    bool ended = false; /* a run, with the permissions that lasted as long as its session */
    for (struct adding *a = first; a != NULL; a = a->next) {
        a->together = is_by_itself(a->draft.kind) && t.n < TOGETHER_MAX && a->draft.none_after == LOG_NO_SEQ;
        for (struct adding *before = first; a->together && before != a; before = before->next) {
            a->together = !meets(a, before);
        }
        a->together = a->together && !(ended && decide_uses(a->draft.kind));
        ended = ended || bytes_is(a->draft.kind, "run.finished");
        if (a->together) t.one[t.n++] = a;
    }
    write_together(ledger, kept, &t);
    for (struct adding *a = first; a != NULL; a = a->next) { /* what meets another came after it */
        if (!a->together) write_alone(ledger, a);
    }
}

/* Waits for work. The states that judged the last events are kept for the next ones, but not for long: they would hold back an erasure. */
static void wait_for_work(struct web_writer *writer, struct state_view **kept) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (*kept == NULL) {
        pthread_cond_wait(&writer->wake, &writer->lock);
    } else if (pthread_cond_timedwait(&writer->wake, &writer->lock, &until) == ETIMEDOUT && writer->todo == NULL) {
        struct state_view *old = *kept;
        *kept = NULL;
        pthread_mutex_unlock(&writer->lock);
        state_close(old);
        pthread_mutex_lock(&writer->lock);
    }
}

static void *write_on(void *ctx) {
    struct web_writer *writer = ctx;
    struct state_view *kept = NULL;
    pthread_mutex_lock(&writer->lock);
    while (!writer->ends || writer->todo != NULL) {
        if (writer->todo == NULL) {
            wait_for_work(writer, &kept);
            continue;
        }
        struct adding *first = writer->todo, **last = writer->todo_last;
        writer->todo = NULL;
        writer->todo_last = &writer->todo;
        pthread_mutex_unlock(&writer->lock);
        write_some(writer->web->options->ledger, &kept, first);
        pthread_mutex_lock(&writer->lock);
        *writer->done_last = first;
        writer->done_last = last;
        (void)eventfd_write(writer->watch.fd, 1);
    }
    pthread_mutex_unlock(&writer->lock);
    state_close(kept);
    return NULL;
}

/* ---- the loop's side ---- */

static void free_adding(struct web_writer *writer, struct adding *a) {
    if (a->link != NULL) {
        *a->link = a->following;
        if (a->following != NULL) a->following->link = a->link;
        writer->n--;
    }
    buf_done(&a->doc);
    free(a);
}

static void put_receipt(struct web *w, const struct adding *a, struct httpd_reply *reply) {
    struct obj doc = {0};
    obj_uint(&doc, "seq", a->receipt.seq);
    obj_hex(&doc, "leaf", a->receipt.leaf, LOG_HASH);
    obj_text(&doc, "subject", a->subject);
    obj_bool(&doc, "duplicate", a->receipt.duplicate);
    obj_uint(&doc, "masked", a->receipt.masked);
    (void)obj_json(&doc, JSON_LINE, &reply->body, NULL);
    obj_done(&doc);
    buf_put_u8(&reply->body, '\n');
    reply->status = a->receipt.duplicate ? 200 : 201;
    web_json(w, reply, a->asked.id);
}

static void on_written(struct httpd_watch *watch) {
    struct web_writer *writer = (struct web_writer *)((char *)watch - offsetof(struct web_writer, watch));
    struct web *w = writer->web;
    eventfd_t ignored;
    (void)eventfd_read(watch->fd, &ignored);
    pthread_mutex_lock(&writer->lock);
    struct adding *a = writer->done;
    writer->done = NULL;
    writer->done_last = &writer->done;
    pthread_mutex_unlock(&writer->lock);
    for (struct adding *next; a != NULL; a = next) {
        struct httpd_reply reply;
        next = a->next;
        if (a->asked.exchange != NULL) {
            httpd_reply_init(w->httpd, &reply);
            if (a->code == 0) {
                put_receipt(w, a, &reply);
            } else { /* what is not found is a kind, or a cause */
                web_fail(w, &reply, a->asked.id, a->code == ERR_NOTFOUND ? ERR_INVALID : a->code, a->err.msg);
            }
            web_answer(w, &a->asked, &reply);
        }
        free_adding(writer, a);
    }
}

/* ---- a request ---- */

static void queue(struct web_writer *writer, struct adding *a) {
    a->following = writer->all;
    a->link = &writer->all;
    if (writer->all != NULL) writer->all->link = &a->following;
    writer->all = a;
    writer->n++;
    pthread_mutex_lock(&writer->lock);
    a->next = NULL;
    *writer->todo_last = a;
    writer->todo_last = &a->next;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}

static void add(struct web *w, struct web_call *call, struct httpd_reply *reply,
                int (*draft_of)(const struct web_call *call, struct adding *a, struct err *err)) {
    struct adding *a = w->writer->n < WAITING_MAX ? calloc(1, sizeof(*a)) : NULL;
    struct err err = {0};
    if (a == NULL) {
        web_problem(w, reply, 503, call->id, "too many events wait to be written; try again");
        reply->retry_after_s = 1;
        return;
    }
    int rc = draft_of(call, a, &err);
    if (rc == 0 && !web_may_kind(w, call, a->draft.kind)) {
        rc = err_set(&err, ERR_TAMPERED, "the token may not append events of kind '%.*s'",
                     (int)(a->draft.kind.n < 80 ? a->draft.kind.n : 80), (const char *)a->draft.kind.p);
    }
    if (rc == 0) {
        web_keep(call, &a->asked);
        queue(w->writer, a);
        reply->when = HTTPD_LATER;
        return;
    }
    if (rc == ERR_TAMPERED) { /* no answer of the ledger: a refusal of who asks */
        web_note_refused(w, ACCESS_REFUSED_SCOPE, call->request->peer);
        web_problem(w, reply, 403, call->id, err.msg);
    } else {
        web_fail(w, reply, call->id, rc, err.msg);
    }
    free_adding(w->writer, a);
}

void web_answer_append(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    add(w, call, reply, draft_event);
}

void web_answer_job(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    add(w, call, reply, draft_job);
}

int web_writer_open(struct web *w, struct err *err) {
    struct web_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->writer = writer;
    writer->web = w;
    writer->todo_last = &writer->todo;
    writer->done_last = &writer->done;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->wake, NULL);
    writer->watch = (struct httpd_watch){on_written, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (writer->watch.fd < 0) return err_set(err, ERR_IO, "no descriptor for a thread's word");
    int rc = httpd_watch(w->httpd, &writer->watch, err);
    if (rc != 0) return rc;
    int n = thread_start(&writer->thread, write_on, writer);
    if (n != 0) return err_errno(err, n, "a thread that writes");
    writer->runs = true;
    return 0;
}

void web_writer_gone(struct web *w, const struct httpd_exchange *exchange) {
    for (struct adding *a = w->writer->all; a != NULL; a = a->following) {
        if (a->asked.exchange == exchange) {
            a->asked.exchange = NULL; /* it is written nevertheless */
            return;
        }
    }
}

void web_writer_close(struct web *w) {
    struct web_writer *writer = w->writer;
    if (writer == NULL) return;
    pthread_mutex_lock(&writer->lock);
    writer->ends = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    if (writer->runs) pthread_join(writer->thread, NULL); /* what is queued is written */
    while (writer->all != NULL) {
        free_adding(writer, writer->all);
    }
    if (writer->watch.fd >= 0) {
        httpd_unwatch(w->httpd, &writer->watch);
        close(writer->watch.fd);
    }
    pthread_mutex_destroy(&writer->lock);
    pthread_cond_destroy(&writer->wake);
    free(writer);
    w->writer = NULL;
}
