/* Signals are blocked and taken one by one with sigtimedwait(2), so that no handler runs and nothing is missed between looking
 * and waiting.
 *
 *   due --fork--> alive --it ended--> due again after a pause
 *                   `--told to end--> gone
 */
#include "capture/sources/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http/passed.h"
#include "capture/sources/notify.h"
#include "capture/sources/place.h"

#define PAUSE_MAX_NS (300 * CLOCK_NS_PER_S)
#define STEADY_NS    (60 * CLOCK_NS_PER_S) /* a child that ran so long did not fail at once */
#define GRACE_NS     (10 * CLOCK_NS_PER_S) /* from SIGTERM to SIGKILL */

struct worker {
    const struct sources_entry *entry; /* in the newest sources.conf that had it */
    int lock;                          /* its lock file, where this process holds SOURCES_KEEPS; -1: none */
    pid_t pid;                         /* 0: it does not run */
    uint64_t started, due, told;       /* monotonic; told: it was told to end, 0: it was not */
    unsigned failures;                 /* in a row */
    uint64_t restarts;
    bool leaves; /* it is no longer in sources.conf */
};

struct keeper {
    struct sources_supervise *options;
    struct sources_conf old; /* the texts of sections that still end */
    struct worker workers[SOURCES_MAX];
    size_t n;
    sigset_t taken, before;
    bool ends;
};

static void say(const struct keeper *k, const struct worker *w, const char *words) {
    k->options->say(k->options->ctx, w->entry->name, words);
}

static bool is_wanted(const struct sources_supervise *o, const char *name) {
    for (size_t i = 0; i < o->n_names; i++) {
        if (strcmp(o->names[i], name) == 0) return true;
    }
    return o->n_names == 0;
}

/* ---- one child ---------------------------------------------------------------------------------------------------- */

static void be_child(struct keeper *k, const struct worker *w, pid_t parent) {
    struct sources_status before = {0};
    sources_status_read(k->options->dir, w->entry->name, &before, NULL);
    struct sources_status begin = {
        .pid = (uint64_t)getpid(), .restarts = w->restarts, .errors = w->restarts, .phase = SOURCES_STARTING};
    if (w->restarts > 0) { /* why it ended the last time stays in sight */
        begin.error_at = before.error_at;
        memcpy(begin.error, before.error, sizeof(begin.error));
    }
    setpgid(0, 0); /* Ctrl-C reaches the parent alone, which tells its children */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(1); /* it ended before the line above */
    }
    httpd_passed_adopt(parent);
    sigprocmask(SIG_SETMASK, &k->before, NULL);
    _exit(k->options->run(k->options->ctx, w->entry, &begin));
}

static void plan(const struct keeper *k, struct worker *w, uint64_t now) {
    uint64_t pause = k->options->pause_ns > 0 ? k->options->pause_ns : SOURCES_PAUSE_NS;
    for (unsigned i = 1; i < w->failures && pause < PAUSE_MAX_NS; i++) {
        pause *= 2;
    }
    w->due = now + (pause < PAUSE_MAX_NS ? pause : PAUSE_MAX_NS);
}

/* What the child wrote stays, except for what it could not know. */
static void put_status(const struct keeper *k, const struct worker *w, const char *words, uint64_t now) {
    struct sources_status status = {0};
    uint64_t wall = clock_wall_ns();
    sources_status_read(k->options->dir, w->entry->name, &status, NULL);
    bool itself = status.pid == (uint64_t)w->pid && status.phase == SOURCES_FAILED && status.error[0] != '\0';
    status.phase = w->failures >= SOURCES_TRIES ? SOURCES_FAILED : SOURCES_BACKOFF;
    status.pid = 0;
    status.restarts = w->restarts;
    status.errors = status.errors > w->restarts ? status.errors : w->restarts;
    status.changed_at = wall;
    status.retry_at = wall + (w->due - now);
    if (!itself) {
        snprintf(status.error, sizeof(status.error), "%s", words);
        status.error_at = wall;
    }
    sources_status_write(k->options->dir, w->entry->name, &status, NULL);
}

static void start(struct keeper *k, struct worker *w, uint64_t now) {
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        be_child(k, w, parent);
    }
    w->started = now;
    w->told = 0;
    if (pid > 0) {
        w->pid = pid;
    } else {
        w->failures++;
        plan(k, w, now);
        say(k, w, "no process for it; trying again");
    }
}

static void tell(struct worker *w, uint64_t now) {
    if (w->pid > 0 && w->told == 0) {
        kill(w->pid, SIGTERM);
        w->told = now;
    }
}

/* A child has ended. */
static void reap(struct keeper *k, struct worker *w, int status, uint64_t now) {
    char how[64], words[160];
    if (WIFSIGNALED(status)) {
        snprintf(how, sizeof(how), "it was ended by signal %d", WTERMSIG(status));
    } else {
        snprintf(how, sizeof(how), "it ended with exit code %d", WEXITSTATUS(status));
    }
    if (w->told != 0) { /* as it was told to, or for a changed section that starts now */
        w->pid = 0;
        w->due = now;
        w->failures = 0;
        return;
    }
    w->failures = now - w->started >= STEADY_NS ? 1 : w->failures + 1;
    w->restarts++;
    plan(k, w, now);
    snprintf(words, sizeof(words), "%s; it is started again in %.1f s%s", how,
             (double)(w->due - now) / (double)CLOCK_NS_PER_S, w->failures == SOURCES_TRIES ? ", and counts as failed" : "");
    say(k, w, words);
    put_status(k, w, how, now);
    w->pid = 0;
}

/* ---- all of them -------------------------------------------------------------------------------------------------- */

static void release(struct worker *w) {
    if (w->lock >= 0) {
        close(w->lock);
        w->lock = -1;
    }
}

static int add(struct keeper *k, const struct sources_entry *entry, struct err *err) {
    struct worker w = {.entry = entry, .lock = -1};
    int rc = sources_place_open(k->options->dir, entry->name, &w.lock, err);
    if (rc == 0) rc = sources_place_take(w.lock, SOURCES_KEEPS, entry->name, err);
    if (rc != 0) {
        release(&w);
        return rc;
    }
    k->workers[k->n++] = w;
    return 0;
}

static void drop_left(struct keeper *k) {
    size_t kept = 0;
    for (size_t i = 0; i < k->n; i++) {
        struct worker *w = &k->workers[i];
        if (w->leaves && w->pid == 0) {
            release(w);
        } else {
            k->workers[kept++] = *w;
        }
    }
    k->n = kept;
}

static struct worker *find(struct keeper *k, const char *name) {
    for (size_t i = 0; i < k->n; i++) {
        if (strcmp(k->workers[i].entry->name, name) == 0) return &k->workers[i];
    }
    return NULL;
}

/* Children whose section is as it was are not touched. The texts of the reading before are kept for those that leave: another
 * reading waits until they have. */
static void reload(struct keeper *k, uint64_t now) {
    struct sources_conf fresh = {0};
    struct err why = {0};
    drop_left(k);
    for (size_t i = 0; i < k->n; i++) {
        if (k->workers[i].leaves) {
            k->options->say(k->options->ctx, SOURCES_CONF, "sources are still ending; read it again in a moment");
            return;
        }
    }
    if (sources_conf_load(&fresh, k->options->dir, &why) != 0) {
        k->options->say(k->options->ctx, SOURCES_CONF, why.msg);
        sources_conf_done(&fresh);
        return;
    }
    for (size_t i = 0; i < k->n; i++) {
        struct worker *w = &k->workers[i];
        const struct sources_entry *entry = sources_conf_find(&fresh, w->entry->name);
        w->leaves = entry == NULL;
        if (entry == NULL || !bytes_eq(entry->text, w->entry->text)) {
            tell(w, now);
        }
        w->due = w->pid == 0 ? now : w->due;
        w->entry = entry != NULL ? entry : w->entry;
    }
    for (size_t i = 0; i < fresh.n && k->n < SOURCES_MAX; i++) {
        const struct sources_entry *entry = &fresh.entries[i];
        if (is_wanted(k->options, entry->name) && find(k, entry->name) == NULL && add(k, entry, &why) != 0) {
            k->options->say(k->options->ctx, entry->name, why.msg);
        }
    }
    sources_conf_done(&k->old);
    k->old = *k->options->conf;
    *k->options->conf = fresh;
    k->options->say(k->options->ctx, SOURCES_CONF, "read again");
}

/* Starts, kills and reaps what is due; *ret_next: when to look again, UINT64_MAX: when a signal comes. True: some run. */
static bool look(struct keeper *k, uint64_t now, uint64_t *ret_next) {
    bool alive = false;
    *ret_next = UINT64_MAX;
    for (size_t i = 0; i < k->n; i++) {
        struct worker *w = &k->workers[i];
        int status = 0;
        if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid) {
            reap(k, w, status, now);
        }
        if (w->pid == 0 && !k->ends && !w->leaves && w->due <= now) {
            start(k, w, now);
        }
        if (k->ends) {
            tell(w, now);
        }
        if (w->told != 0 && w->pid > 0 && now - w->told >= GRACE_NS) {
            kill(w->pid, SIGKILL);
        }
        alive = alive || w->pid > 0;
        uint64_t next = w->pid == 0    ? (k->ends || w->leaves ? UINT64_MAX : w->due)
                        : w->told != 0 ? w->told + GRACE_NS
                                       : UINT64_MAX;
        next = next != UINT64_MAX && next <= now ? now + CLOCK_NS_PER_S / 10 : next;
        *ret_next = next < *ret_next ? next : *ret_next;
    }
    drop_left(k);
    return alive;
}

static void keep(struct keeper *k) {
    uint64_t next, now = clock_monotonic_ns();
    while (look(k, now, &next) || !k->ends) {
        uint64_t wait = next == UINT64_MAX ? 0 : next - now;
        const struct timespec limit = {(time_t)(wait / CLOCK_NS_PER_S), (long)(wait % CLOCK_NS_PER_S)};
        int number = sigtimedwait(&k->taken, NULL, next == UINT64_MAX ? NULL : &limit);
        now = clock_monotonic_ns();
        if (number == SIGHUP && !k->options->hup_ends) {
            reload(k, now);
        } else if (number == SIGTERM || number == SIGINT || number == SIGHUP) {
            k->ends = true;
            sources_notify(k->options->notify, "STOPPING=1\n", NULL);
        }
    }
}

static int check_names(const struct sources_supervise *o, struct err *err) {
    for (size_t i = 0; i < o->n_names; i++) {
        if (sources_conf_find(o->conf, o->names[i]) == NULL) {
            return err_set(err, ERR_NOTFOUND, "there is no source '%.60s' in " SOURCES_CONF, o->names[i]);
        }
    }
    return 0;
}

int sources_supervise(struct sources_supervise *o, struct err *err) {
    static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    int rc = check_names(o, err);
    struct keeper *k = rc == 0 ? calloc(1, sizeof(*k)) : NULL;
    if (rc == 0 && k == NULL) rc = err_set(err, ERR_NOMEM, "sources: out of memory");
    if (rc != 0) return rc;
    k->options = o;
    for (size_t i = 0; rc == 0 && i < o->conf->n; i++) {
        if (is_wanted(o, o->conf->entries[i].name)) rc = add(k, &o->conf->entries[i], err);
    }
    if (rc == 0) {
        sigemptyset(&k->taken);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            sigaddset(&k->taken, numbers[i]);
        }
        sigprocmask(SIG_BLOCK, &k->taken, &k->before);
        rc = sources_notify(o->notify, "READY=1\n", err);
        if (rc == 0) {
            keep(k);
        }
        sigprocmask(SIG_SETMASK, &k->before, NULL);
    }
    for (size_t i = 0; i < k->n; i++) {
        release(&k->workers[i]);
    }
    sources_conf_done(&k->old);
    free(k);
    return rc;
}
