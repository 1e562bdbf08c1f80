/* What an evaluation is asked for, what it is of, and what came of it. */
#ifndef EVALS_RUN_TYPES_H
#define EVALS_RUN_TYPES_H

#include "evals/run/plan.h"
#include "evals/run/schedule.h"
#include "evals/run/target.h"
#include "ledger/log.h"

#define RUN_ID_MAX        64
#define RUN_DIGEST_MAX    72 /* "sha256:" and 64 hex digits */
#define RUN_WEIGHTS_GIVEN "given"

/* What is evaluated, as it is now; "": not known, or there is none. */
struct run_binding {
    char route[256], config_digest[RUN_DIGEST_MAX];
    char model[256], digest[RUN_DIGEST_MAX];    /* of its weights */
    char listed[256], manifest[RUN_DIGEST_MAX]; /* the model's name and manifest, as its runtime lists them */
    bool stated; /* the runtime itself says which weights these are, or their file was hashed */
    const char
        *digest_from; /* who says so: runtime; file: it names the file, which was hashed; given: the caller named that
                              * file. NULL: nobody. Static */
    char weights_path[1024]; /* of that file; private */
    char pack[256], pack_version[128];
    char pack_digest[RUN_DIGEST_MAX]; /* of all files of the pack that runs */
    char program_digest[RUN_DIGEST_MAX];
    char command_digest[RUN_DIGEST_MAX]; /* of all words of a command, and of the files among them */
    char runtime[64];                    /* ollama, openai, process, pack */
    char endpoint[512];
    struct bytes command; /* MessagePack, private; empty: none. Borrowed from the subject */
    bool unconfined;      /* of a process: it was not confined */
};

struct run_subject {
    struct run_target target;
    unsigned lanes; /* samples in flight, if nobody says how many; 0: 4 */
    /* With the target's context. Called before the first sample and after the last one: a difference is recorded, and such an
     * evaluation does not count. A failure before the first sample ends it before anything is recorded. ERR_NET: nobody answers;
     * after the last sample that is waited for. NULL: nothing is known. */
    int (*bind)(void *ctx, struct run_binding *ret, struct err *err);
};

struct run_progress {
    uint64_t planned, done; /* done: those of earlier sessions too */
    uint64_t passed, missed, limited, errors;
    uint64_t begun; /* in this session, of the monotonic clock */
    uint64_t fresh; /* done in this session */
};

#define RUN_RESUME_LAST "last"
struct run_suite_options {
    struct ledger *ledger;
    const struct suite *suite;
    const char *path;  /* of the suite; recorded as private. NULL: none */
    const char *actor; /* "user:alice" */
    struct run_subject subject;
    struct run_choice choice;
    unsigned concurrency; /* 0: as the subject has it */
    double rate;          /* samples begun in a second at most; 0: any */
    uint64_t tokens;      /* budget; 0: none */
    uint64_t time_ns;     /* budget; 0: none */
    uint64_t patience_ns; /* that nobody answers is waited for so long, and then it is interrupted */
    bool fail_fast;
    bool adopt;   /* routes that a suite of this name proves are proven by this one from now on */
    bool off_box; /* the judge may be on another machine */
    const char
        *resume; /* id of an evaluation, or RUN_RESUME_LAST: the newest unfinished one of this plan. NULL: a new one */
    const volatile int *stop;                                         /* not 0: end in order; may be NULL */
    int stop_fd;                                                      /* readable then; 0 or less: none */
    void (*progress)(void *ctx, const struct run_progress *progress); /* after each commit; may be NULL */
    void *progress_ctx;
};

#define RUN_SCORE_WHY_MAX 200
struct run_score {
    const char *metric;      /* static */
    double value, threshold; /* NAN: none */
    bool higher;
    const char *verdict; /* pass, fail, unknown; NULL: nothing is asked of it */
    uint64_t samples;
    char why[RUN_SCORE_WHY_MAX]; /* of fail and unknown; "" */
};
#define RUN_SCORES_MAX 64

struct run_suite_result {
    char id[RUN_ID_MAX];
    bool finished;       /* else it was interrupted, and can be resumed */
    const char *verdict; /* pass, fail, unknown */
    const char *stopped; /* fail_fast, budget, time, interrupted, unreachable; NULL: nothing did */
    bool partial;
    bool changed; /* what was evaluated is not what it was at the beginning */
    struct run_progress counts;
    uint64_t total, resumed, tokens_in, tokens_out, violations, duration_ns;
    double cost; /* NAN: not known */
    struct run_score scores[RUN_SCORES_MAX];
    size_t scores_n;
    char baseline[128];                 /* id of the evaluation that it was compared with; "" */
    char why[512];                      /* of the first sample that ended in an error; "" */
    char away[RUN_WHY_MAX];             /* why nobody answers, when that stopped it; "" */
    uint64_t started_seq, finished_seq; /* LOG_NO_SEQ: none */
};

#endif
