/* One lock guards all of it: what is protected is short beside a call. Lanes wait when the list of what is done is full, so
 * that memory is bounded by what is recorded, not by what is asked. */
#include "evals/run/schedule.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/thread.h"

#define DONE_MAX  1024     /* samples that wait to be taken */
#define TAKE_MIN  64       /* worth a commit at once */
#define TAKE_NS   20000000 /* or so long after the first of them */
#define LOOK_NS   100000000
#define NS_PER_MS 1000000
#define PAUSE_MS  250 /* before a question is put again; doubled each time */
#define PAUSES    6   /* so often */

enum asked { ASKED_TARGET, ASKED_JUDGE, ASKED };

struct lanes {
    const struct schedule *how;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something is done, taken, or over */
    size_t next;            /* the item that is begun next */
    size_t running;         /* lanes that have not ended */
    bool over;
    enum schedule_end end;
    uint64_t slot_ns, tokens;
    uint64_t away_ns[ASKED]; /* since when nobody gets an answer; 0: it answers */
    struct run_done **done;  /* DONE_MAX and a lane each */
    size_t done_n;
    uint64_t done_ns; /* when the first of them came */
    int rc;
    struct err err;
};

struct lane {
    struct lanes *lanes;
    unsigned number;
    pthread_t thread;
    bool started;
};

static void done_free(struct run_done *done) {
    if (done == NULL) return;
    run_answer_done(&done->answer);
    free(done->judged.ends);
    free(done->judged.measures);
    free(done);
}

/* ---- under the lock ---- */

static void wait_until(struct lanes *l, uint64_t ns) {
    const struct timespec at = {.tv_sec = (time_t)(ns / CLOCK_NS_PER_S), .tv_nsec = (long)(ns % CLOCK_NS_PER_S)};
    (void)pthread_cond_timedwait(&l->changed, &l->lock, &at);
}

static void end(struct lanes *l, enum schedule_end why) {
    if (!l->over) {
        l->over = true;
        l->end = why;
        pthread_cond_broadcast(&l->changed);
    }
}

/* A signal's handler sets it, in any thread. */
static bool is_stopped(const struct lanes *l) {
    return l->how->stop != NULL && __atomic_load_n(l->how->stop, __ATOMIC_RELAXED) != 0;
}

static bool is_late(const struct lanes *l) {
    return l->how->until_ns != 0 && clock_monotonic_ns() >= l->how->until_ns;
}

static bool is_cut(const struct lanes *l) {
    return is_stopped(l) || is_late(l);
}

/* The flag is read once: set between two looks at it, it would pass for the end of the time. */
static void look(struct lanes *l) {
    if (is_stopped(l)) {
        end(l, SCHEDULE_INTERRUPTED);
    } else if (is_late(l)) {
        end(l, SCHEDULE_TIME);
    }
}

static void fail(struct lanes *l, int rc, const struct err *err) {
    if (l->rc == 0) {
        l->rc = rc;
        l->err = *err;
    }
    end(l, SCHEDULE_INTERRUPTED);
}

/* When the next sample may begin, and the time of the one after it. */
static uint64_t take_slot(struct lanes *l) {
    uint64_t now = clock_monotonic_ns(), slot = l->slot_ns > now ? l->slot_ns : now;
    if (l->how->rate > 0) {
        l->slot_ns = slot + (uint64_t)((double)CLOCK_NS_PER_S / l->how->rate);
    }
    return slot;
}

/* ---- lanes ---- */

static bool begin(struct lanes *l, size_t *ret) {
    const struct schedule *how = l->how;
    bool begun = false;
    pthread_mutex_lock(&l->lock);
    look(l);
    while (!l->over && l->done_n >= DONE_MAX) {
        wait_until(l, clock_monotonic_ns() + LOOK_NS);
        look(l);
    }
    while (how->there != NULL && l->next < how->plan->n && how->there[l->next]) {
        l->next++;
    }
    if (!l->over && l->next < how->plan->n) {
        *ret = l->next++;
        begun = true;
        uint64_t slot = take_slot(l), now;
        while (!l->over && (now = clock_monotonic_ns()) < slot) {
            wait_until(l, slot - now < LOOK_NS ? slot : now + LOOK_NS);
            look(l);
        }
    }
    begun = begun && !l->over;
    pthread_mutex_unlock(&l->lock);
    return begun;
}

static void count(struct lanes *l, const struct run_done *done) {
    const struct run_answer *a = &done->answer;
    const struct suite_case *one = &l->how->suite->cases[l->how->plan->items[done->item].at];
    /* A token is a byte at least: where no count is stated, a budget is kept all the same. */
    l->tokens += a->tokens_in != SAMPLE_ABSENT ? a->tokens_in : one->text.n;
    l->tokens += a->tokens_out != SAMPLE_ABSENT ? a->tokens_out : a->output.n;
    if (l->how->fail_fast && done->judged.outcome != SAMPLE_PASSED) end(l, SCHEDULE_FAIL_FAST);
    if (l->how->tokens > 0 && l->tokens >= l->how->tokens && l->next < l->how->plan->n) end(l, SCHEDULE_TOKENS);
}

static void hand_over(struct lanes *l, struct run_done *done, int rc, const struct err *err) {
    bool failed = done->judged.outcome == SAMPLE_ERRED || done->judged.outcome == SAMPLE_LIMITED;
    pthread_mutex_lock(&l->lock);
    if (rc != 0) fail(l, rc, err);
    if (rc != 0 || l->rc != 0 || (failed && is_cut(l))) {
        look(l);
        done_free(done);
    } else {
        count(l, done);
        if (l->done_n == 0) l->done_ns = clock_monotonic_ns();
        l->done[l->done_n++] = done;
        if (l->done_n == 1 || l->done_n == TAKE_MIN) pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
}

/* ---- a target that does not answer -------------------------------------------------------------------------------------- */

enum tried { TRIED_TAKE, TRIED_AGAIN, TRIED_DROP };

/* A question that is put more than once. */
struct held {
    enum asked whom;
    unsigned pauses, cuts;
    uint64_t since_ns, attempts;
};

/* Full jitter, so that lanes that failed together do not come back together. */
static uint64_t pause_ns(const struct held *h, uint64_t wait_ms) {
    uint64_t most = (uint64_t)PAUSE_MS << (h->pauses < PAUSES ? h->pauses : PAUSES), random;
    crypt_random((uint8_t *)&random, sizeof(random));
    return (wait_ms + random % (most + 1)) * NS_PER_MS;
}

/* Under the lock. False: it ended meanwhile. */
static bool pause_until(struct lanes *l, uint64_t until) {
    uint64_t now;
    look(l);
    while (!l->over && (now = clock_monotonic_ns()) < until) {
        wait_until(l, until - now < LOOK_NS ? until : now + LOOK_NS);
        look(l);
    }
    return !l->over;
}

/* Under the lock. Where others are answered meanwhile, it is this question's own fault in the end. */
static enum tried wait_for_it(struct lanes *l, struct held *h, const char *why, uint64_t wait_ms) {
    const uint64_t now = clock_monotonic_ns(), patience = l->how->patience_ns;
    uint64_t *away = &l->away_ns[h->whom];
    *away = *away != 0 ? *away : now;
    h->since_ns = h->since_ns != 0 ? h->since_ns : now;
    const uint64_t until = now + pause_ns(h, wait_ms), last = *away + patience;
    h->pauses++;
    if (l->over || is_cut(l)) return TRIED_DROP;
    if (now >= last || now + wait_ms * NS_PER_MS > last) {
        if (l->how->ret_why != NULL && !l->over) (void)snprintf(l->how->ret_why, RUN_WHY_MAX, "%s", why);
        end(l, SCHEDULE_UNREACHABLE);
        return TRIED_DROP;
    }
    if (h->since_ns < *away && now - h->since_ns >= patience) return TRIED_TAKE;
    return pause_until(l, until < last ? until : last) ? TRIED_AGAIN : TRIED_DROP;
}

/* Nobody but the target itself can tell a case that breaks it from a target that is gone. */
static bool is_alive(const struct lane *lane, enum run_fault fault) {
    const struct run_target *target = &lane->lanes->how->target;
    if (fault == RUN_FAULT_NONE || fault == RUN_FAULT_AWAY) return fault == RUN_FAULT_NONE;
    return target->alive == NULL || target->alive(target->ctx, lane->number);
}

static enum tried try_again(struct lane *lane, struct held *h, const struct run_answer *answer) {
    struct lanes *l = lane->lanes;
    const bool alive = is_alive(lane, answer->fault);
    enum tried tried = TRIED_TAKE;
    h->attempts += answer->attempts;
    pthread_mutex_lock(&l->lock);
    if (!alive) {
        tried = wait_for_it(l, h, answer->why, answer->wait_ms);
    } else {
        l->away_ns[h->whom] = 0;
    }
    if (alive && answer->fault == RUN_FAULT_CUT && h->cuts++ == 0) { /* it may have been restarted */
        tried = pause_until(l, clock_monotonic_ns() + pause_ns(h, 0)) ? TRIED_AGAIN : TRIED_DROP;
    }
    pthread_mutex_unlock(&l->lock);
    return tried;
}

static int ask(struct lane *lane, const struct run_item *at, struct run_done *done, enum tried *ret, struct err *err) {
    const struct schedule *how = lane->lanes->how;
    const struct suite_case *one = &how->suite->cases[at->at];
    struct held held = {0};
    int rc = 0;
    for (*ret = TRIED_AGAIN; rc == 0 && *ret == TRIED_AGAIN;) {
        run_answer_done(&done->answer);
        done->answer = (struct run_answer){0};
        rc = how->target.answer(how->target.ctx, lane->number, how->suite, one, at->repeat, &done->answer, err);
        if (rc == 0) *ret = try_again(lane, &held, &done->answer);
    }
    done->answer.attempts = held.attempts;
    return rc;
}

/* The answer is there; the judge may not be. */
static int judge(struct lane *lane, const struct run_item *at, struct run_done *done, enum tried *ret, struct err *err) {
    struct lanes *l = lane->lanes;
    const struct schedule *how = l->how;
    const struct suite_case *one = &how->suite->cases[at->at];
    struct run_judged *judged = &done->judged;
    struct held held = {.whom = ASKED_JUDGE};
    int rc = 0;
    for (*ret = TRIED_AGAIN; rc == 0 && *ret == TRIED_AGAIN;) {
        free(judged->ends);
        free(judged->measures);
        *judged = (struct run_judged){0};
        rc = how->judge(how->ctx, lane->number, one, at->repeat, &done->answer, judged, err);
        *ret = TRIED_TAKE;
        if (rc != 0) break;
        pthread_mutex_lock(&l->lock);
        if (judged->away) {
            *ret = wait_for_it(l, &held, judged->why, judged->wait_ms);
        } else if (judged->n > 0) {
            l->away_ns[ASKED_JUDGE] = 0;
        }
        pthread_mutex_unlock(&l->lock);
    }
    return rc;
}

static void *lane_run(void *ctx) {
    struct lane *lane = ctx;
    struct lanes *l = lane->lanes;
    const struct schedule *how = l->how;
    size_t item;
    while (begin(l, &item)) {
        const struct run_item *at = &how->plan->items[item];
        enum tried tried = TRIED_TAKE;
        struct run_done *done = calloc(1, sizeof(*done));
        struct err err = {0};
        if (done == NULL) {
            pthread_mutex_lock(&l->lock);
            err_set(&err, ERR_NOMEM, "no memory for a sample");
            fail(l, ERR_NOMEM, &err);
            pthread_mutex_unlock(&l->lock);
            break;
        }
        done->item = item;
        int rc = ask(lane, at, done, &tried, &err);
        if (rc == 0 && tried == TRIED_TAKE) rc = judge(lane, at, done, &tried, &err);
        if (rc == 0 && tried == TRIED_DROP) {
            done_free(done);
        } else {
            hand_over(l, done, rc, &err);
        }
    }
    pthread_mutex_lock(&l->lock);
    l->running--;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- the caller's thread ---- */

static bool is_worth_it(const struct lanes *l) {
    return l->done_n >= TAKE_MIN || l->running == 0 || (l->done_n > 0 && clock_monotonic_ns() >= l->done_ns + TAKE_NS);
}

/* Moves what is done to `batch`; 0: all of it was taken, and no lane runs. */
static size_t next_batch(struct lanes *l, struct run_done **batch) {
    pthread_mutex_lock(&l->lock);
    while (!is_worth_it(l)) {
        wait_until(l, l->done_n > 0 ? l->done_ns + TAKE_NS : clock_monotonic_ns() + LOOK_NS);
        look(l);
    }
    size_t n = l->done_n;
    memcpy(batch, l->done, n * sizeof(batch[0]));
    l->done_n = 0;
    if (n >= DONE_MAX) pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return n;
}

static void take_all(struct lanes *l, struct run_done **batch) {
    struct err err = {0};
    int rc = 0;
    for (size_t n; (n = next_batch(l, batch)) > 0;) {
        if (rc == 0) rc = l->how->take(l->how->ctx, batch, n, &err);
        for (size_t i = 0; i < n; i++) {
            done_free(batch[i]);
        }
        if (rc != 0) {
            pthread_mutex_lock(&l->lock);
            fail(l, rc, &err);
            pthread_mutex_unlock(&l->lock);
        }
    }
}

static int lanes_init(struct lanes *l, const struct schedule *how, struct err *err) {
    pthread_condattr_t monotonic;
    *l = (struct lanes){.how = how, .done = calloc(DONE_MAX + RUN_LANES_MAX, sizeof(l->done[0]))};
    if (l->done == NULL) return err_set(err, ERR_NOMEM, "no memory for the samples in flight");
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return 0;
}

static void lanes_done(struct lanes *l) {
    if (l->done == NULL) return;
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l->done);
}

/* As many as can be started do the work; without one there is none. */
static int start(struct lanes *l, struct lane *lane, unsigned n, struct err *err) {
    for (unsigned i = 0; i < n; i++) {
        lane[i] = (struct lane){.lanes = l, .number = i};
        pthread_mutex_lock(&l->lock);
        l->running++;
        pthread_mutex_unlock(&l->lock);
        int why = thread_start(&lane[i].thread, lane_run, &lane[i]);
        lane[i].started = why == 0;
        if (why != 0) {
            pthread_mutex_lock(&l->lock);
            l->running--;
            pthread_mutex_unlock(&l->lock);
            return i > 0 ? 0 : err_errno(err, why, "no thread can be started");
        }
    }
    return 0;
}

int schedule_run(const struct schedule *schedule, enum schedule_end *ret_end, struct err *err) {
    unsigned most = schedule->target.lanes_max, n = schedule->lanes;
    n = most > 0 && n > most ? most : n;
    n = n < 1 ? 1 : n > RUN_LANES_MAX ? RUN_LANES_MAX : n;
    struct lanes l;
    struct lane *lane = calloc(n, sizeof(*lane));
    struct run_done **batch = calloc(DONE_MAX + RUN_LANES_MAX, sizeof(*batch));
    int rc = lane != NULL && batch != NULL ? lanes_init(&l, schedule, err)
                                           : err_set(err, ERR_NOMEM, "no memory for %u lanes", n);
    if (rc == 0) {
        rc = start(&l, lane, n, err);
        if (rc == 0) take_all(&l, batch);
        for (unsigned i = 0; i < n && lane[i].started; i++) {
            pthread_join(lane[i].thread, NULL);
        }
        if (rc == 0 && l.rc != 0) rc = err_set(err, l.rc, "%s", l.err.msg);
        if (rc == 0) *ret_end = l.over ? l.end : SCHEDULE_ALL;
        lanes_done(&l);
    }
    free(batch);
    free(lane);
    return rc;
}
