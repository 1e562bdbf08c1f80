/* The threads of a verification. Groups are handed out in order, each to the next free thread; their parts stay in a ring
 * until the caller's thread has joined them, in order. While the part that it needs next is not done, the caller's thread
 * checks groups like the others. So a crew of one is the caller alone, and nothing depends on whether threads can start.
 *
 *   joined        handed out                       end
 *     |  done  busy  done  busy |  not begun ...    |
 *     `--- at most n_slots -----'
 *
 * Each thread reads from a snapshot of its own, which it renews as the caller does, and holds none while it waits for a
 * group. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"
#include "ledger/verify/verify.h"

#define SLOTS_PER_THREAD  4
#define GROUPS_PER_THREAD 4                 /* fewer are not worth a thread */
#define SPACES            2                 /* for large groups and records */
#define OWN_GROUPS        ((size_t)8 << 20) /* bytes of groups that are not large, over all threads */
#define OWN_RECORDS       ((size_t)2 << 20) /* the same for records */

/* ---- spaces ---- */

struct verify_spaces {
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct verify_space space[SPACES], *free[SPACES];
    size_t n_free, large_group, large_record;
};

static void spaces_done(struct verify_spaces *spaces) {
    for (size_t i = 0; i < SPACES; i++) {
        verify_space_done(&spaces->space[i]);
    }
    pthread_cond_destroy(&spaces->given);
    pthread_mutex_destroy(&spaces->lock);
}

static int spaces_init(struct verify_spaces *spaces, size_t n_threads, struct err *err) {
    int rc = 0;
    pthread_mutex_init(&spaces->lock, NULL);
    pthread_cond_init(&spaces->given, NULL);
    spaces->large_group = OWN_GROUPS / n_threads;
    spaces->large_record = OWN_RECORDS / n_threads;
    for (size_t i = 0; i < SPACES; i++) {
        int made = verify_space_init(&spaces->space[i], err);
        if (rc == 0) rc = made;
        spaces->free[spaces->n_free++] = &spaces->space[i];
    }
    return rc;
}

size_t verify_large_group(const struct verify_spaces *spaces) {
    return spaces->large_group;
}

size_t verify_large_record(const struct verify_spaces *spaces) {
    return spaces->large_record;
}

struct verify_space *verify_space_take(struct verify_spaces *spaces) {
    pthread_mutex_lock(&spaces->lock);
    while (spaces->n_free == 0) {
        pthread_cond_wait(&spaces->given, &spaces->lock);
    }
    struct verify_space *space = spaces->free[--spaces->n_free];
    pthread_mutex_unlock(&spaces->lock);
    return space;
}

void verify_space_give(struct verify_spaces *spaces, struct verify_space *space) {
    pthread_mutex_lock(&spaces->lock);
    spaces->free[spaces->n_free++] = space;
    pthread_cond_signal(&spaces->given);
    pthread_mutex_unlock(&spaces->lock);
}

/* ---- the crew ---- */

struct slot {
    bool done; /* under the lock; the part belongs to its thread until it is set, then to the caller */
    struct verify_part part;
};

struct member {
    struct verify_crew *crew;
    pthread_t thread;
    struct verify_checker *checker;
    struct core_view view;
    uint64_t renewed;
};

struct verify_crew {
    struct verify *v;
    struct verify_spaces spaces;
    pthread_mutex_t lock;
    pthread_cond_t work, done; /* a group can be handed out, or `stop`; the group that the caller awaits is done */
    bool stop;
    uint64_t joined, next, end; /* groups: [joined, next) are handed out */
    bool borrowed;              /* the caller is using the part of group `joined` */
    struct verify_known known;
    struct slot *slot;
    size_t n_slots;
    struct member member[LOG_VERIFY_THREADS_MAX - 1];
    size_t n_members;
};

static struct slot *slot_of(struct verify_crew *crew, uint64_t group) {
    return &crew->slot[group % crew->n_slots];
}

static bool can_give(const struct verify_crew *crew) {
    return crew->next < crew->end && crew->next < crew->joined + crew->n_slots;
}

/* Call with the lock held; it is released during the check. */
static void check_one(struct verify_crew *crew, struct verify_checker *checker) {
    uint64_t group = crew->next++;
    struct slot *slot = slot_of(crew, group);
    struct verify_known known = crew->known;
    pthread_mutex_unlock(&crew->lock);
    verify_check_quietly(checker, group, &known, &slot->part);
    pthread_mutex_lock(&crew->lock);
    slot->done = true;
}

static void *run(void *ctx) {
    struct member *member = ctx;
    struct verify_crew *crew = member->crew;
    pthread_mutex_lock(&crew->lock);
    while (!crew->stop) {
        if (can_give(crew)) {
            check_one(crew, member->checker);
            pthread_cond_signal(&crew->done);
        } else {
            db_rest(member->view.txn); /* the wait may be long */
            member->renewed = 0;
            pthread_cond_wait(&crew->work, &crew->lock);
        }
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

const struct verify_part *verify_crew_next(struct verify_crew *crew) {
    pthread_mutex_lock(&crew->lock);
    if (crew->borrowed) {
        slot_of(crew, crew->joined)->done = false;
        crew->joined++;
        pthread_cond_signal(&crew->work);
    }
    crew->borrowed = crew->joined < crew->end;
    while (crew->borrowed && !slot_of(crew, crew->joined)->done) {
        if (can_give(crew)) {
            check_one(crew, crew->v->mine);
        } else {
            pthread_cond_wait(&crew->done, &crew->lock);
        }
    }
    pthread_mutex_unlock(&crew->lock);
    return crew->borrowed ? &slot_of(crew, crew->joined)->part : NULL;
}

/* ---- what is known ---- */

static void add_key(struct verify_known *known, const struct note_vkey *key) {
    known->key[known->n_keys++] = *key;
}

static void known_of(const struct verify *v, struct verify_known *ret) {
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->genesis, v->genesis, sizeof(ret->genesis));
    memcpy(ret->origin, v->origin, sizeof(ret->origin));
    if (v->log_known) {
        add_key(ret, &v->log);
    }
    for (size_t i = 0; i < 2 && i < v->n_epochs; i++) {
        add_key(ret, &v->epoch[v->n_epochs - 1 - i].vkey);
    }
}

/* Before the first event is read: what the handle was opened with. Reading confirms or replaces it. */
static void known_of_handle(const struct verify *v, struct verify_known *ret) {
    struct core_epoch first;
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->genesis, v->ledger->genesis, sizeof(ret->genesis));
    memcpy(ret->origin, v->ledger->origin, sizeof(ret->origin));
    add_key(ret, &v->ledger->log);
    if (core_epoch_get(v->txn, 0, &first, NULL) == 0) {
        memcpy(ret->origin, first.origin, sizeof(ret->origin));
        add_key(ret, &first.vkey);
    }
}

static bool known_eq(const struct verify_known *a, const struct verify_known *b) {
    bool same = memcmp(a->genesis, b->genesis, sizeof(a->genesis)) == 0 && strcmp(a->origin, b->origin) == 0 &&
                a->n_keys == b->n_keys;
    for (size_t i = 0; same && i < a->n_keys; i++) {
        same = note_vkey_eq(&a->key[i], &b->key[i]);
    }
    return same;
}

void verify_crew_tell(struct verify_crew *crew) {
    struct verify_known known;
    known_of(crew->v, &known);
    if (!known_eq(&known, &crew->known)) {
        pthread_mutex_lock(&crew->lock);
        known.version = crew->known.version + 1;
        crew->known = known;
        pthread_mutex_unlock(&crew->lock);
    }
}

uint64_t verify_crew_known(const struct verify_crew *crew) {
    return crew->known.version; /* only this thread changes it */
}

/* ---- beginning and end ---- */

static size_t threads_for(const struct verify *v, uint64_t groups) {
    cpu_set_t set;
    uint64_t n = v->options->threads;
    if (n == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint64_t)CPU_COUNT(&set) : online > 0 ? (uint64_t)online : 1;
    }
    uint64_t useful = 1 + groups / GROUPS_PER_THREAD;
    n = n < useful ? n : useful;
    return n < LOG_VERIFY_THREADS_MAX ? (size_t)n : LOG_VERIFY_THREADS_MAX;
}

static bool start_member(struct verify_crew *crew) {
    struct member *m = &crew->member[crew->n_members];
    m->crew = crew;
    m->renewed = clock_boot_ns();
    m->checker = verify_checker_new(crew->v);
    if (m->checker == NULL) return false;
    if (core_view_begin(crew->v->ledger, &m->view, NULL) != 0) {
        verify_checker_free(m->checker);
        return false;
    }
    m->checker->view = &m->view;
    m->checker->renewed = &m->renewed;
    m->checker->spaces = &crew->spaces;
    if (thread_start(&m->thread, run, m) != 0) {
        core_view_end(&m->view);
        verify_checker_free(m->checker);
        return false;
    }
    crew->n_members++;
    return true;
}

static void start_members(struct verify_crew *crew, size_t n) {
    while (crew->n_members < n && start_member(crew)) {
    }
}

int verify_crew_new(struct verify *v, uint64_t first, uint64_t end, struct verify_crew **ret, struct err *err) {
    struct verify_crew *crew = calloc(1, sizeof(*crew));
    size_t n = threads_for(v, end > first ? end - first : 0);
    if (crew == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    crew->v = v;
    crew->joined = crew->next = first;
    crew->end = end;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    pthread_cond_init(&crew->done, NULL);
    int rc = spaces_init(&crew->spaces, n, err);
    crew->slot = calloc(n * SLOTS_PER_THREAD, sizeof(*crew->slot));
    if (rc != 0 || crew->slot == NULL) {
        verify_crew_free(crew);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    crew->n_slots = n * SLOTS_PER_THREAD;
    for (size_t i = 0; i < crew->n_slots; i++) {
        buf_init(&crew->slot[i].part.records, VERIFY_RECORDS_MAX);
    }
    if (v->n_epochs > 0) {
        known_of(v, &crew->known);
    } else {
        known_of_handle(v, &crew->known);
    }
    v->mine->spaces = &crew->spaces;
    start_members(crew, n - 1);
    *ret = crew;
    return 0;
}

void verify_crew_free(struct verify_crew *crew) {
    if (crew == NULL) return;
    pthread_mutex_lock(&crew->lock);
    crew->stop = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->n_members; i++) {
        pthread_join(crew->member[i].thread, NULL);
        core_view_end(&crew->member[i].view);
        verify_checker_free(crew->member[i].checker);
    }
    for (size_t i = 0; i < crew->n_slots; i++) {
        buf_done(&crew->slot[i].part.records);
    }
    crew->v->mine->spaces = NULL;
    spaces_done(&crew->spaces);
    pthread_cond_destroy(&crew->work);
    pthread_cond_destroy(&crew->done);
    pthread_mutex_destroy(&crew->lock);
    free(crew->slot);
    free(crew);
}
