/* Two sets of samples compared. Pure: the same samples, seed and options give the same answer. */
#ifndef EVALS_COMPARE_COMPARE_H
#define EVALS_COMPARE_COMPARE_H

#include "evals/sample/samples.h"
#include "evals/stat/stat.h"

/* ---- pairs ---- */

/* One evaluation: its samples as samples_settle leaves them, in order and each once. Borrowed. */
struct compare_side {
    const struct sample *samples;
    size_t n;
    struct bytes suite_digest; /* "sha256:..."; empty: not known */
};

enum compare_change {
    COMPARE_LOST,    /* passed in A, failed in B */
    COMPARE_GAINED,  /* failed in A, passed in B */
    COMPARE_ERRED,   /* an error in at least one: nothing is known of it */
    COMPARE_ALTERED, /* both have it, and the case is not the same, or is not known to be */
    COMPARE_ONLY_A,
    COMPARE_ONLY_B,
    COMPARE_FAILS,  /* in both */
    COMPARE_PASSES, /* in both */
    COMPARE_CHANGES
};
extern const char *const compare_change_words[COMPARE_CHANGES]; /* "pass -> fail", ... */

struct compare_pair {
    const struct sample *a, *b; /* NULL: it has none */
    enum compare_change change;
    size_t case_no; /* the same for all repeats of a case */
};

/* A case is the same when both samples name its digest and the digests are equal, or when at least one does not and both
 * evaluations name the same suite digest, or neither names one. */
struct compare_pairs {
    struct compare_pair *pairs; /* owned; by task, case, filter and repeat */
    size_t n, cases;
    uint64_t count[COMPARE_CHANGES];
    uint64_t erred[2]; /* COMPARE_ERRED: with an error in A, in B */
};
/* Free with compare_pairs_done also after a failure. ERR_NOMEM. */
int compare_pair(const struct compare_side *a, const struct compare_side *b, struct compare_pairs *ret, struct err *err);
void compare_pairs_done(struct compare_pairs *pairs);

/* ---- what follows ---- */

struct compare_options {
    double confidence; /* above 0.5, below 1 */
    uint64_t seed, resamples;
};
#define COMPARE_CONFIDENCE 0.95
#define COMPARE_SEED       1
#define COMPARE_RESAMPLES  1000

/* Numbers of pairs that have one on both sides. */
struct compare_numbers {
    size_t n, cases;
    double mean[2], middle[2];     /* mean and median of the cases' means; NAN where n is 0 */
    double p50[2], p95[2], p99[2]; /* of the samples */
    double difference;             /* of the means, B - A */
    struct stat_interval interval; /* of that, by the bootstrap */
    double p; /* permutation test of the cases' means: of their medians for latencies, of their means for scores */
};

enum compare_answer {
    COMPARE_NOISE,  /* the difference may be chance */
    COMPARE_BETTER, /* B is better beyond noise */
    COMPARE_WORSE
};

/* The unit is the case. A case with repeats counts once, by the shares of its pairs. */
struct compare {
    size_t n;                         /* pairs of which both samples are known */
    size_t passed[2];                 /* of these */
    size_t cases;                     /* cases of these: fewer than n when cases are repeated */
    double rate[2];                   /* of the cases, weighted */
    double effective;                 /* their effective number: as many as there are when all weights are equal */
    double difference;                /* B - A */
    struct stat_interval interval;    /* of that */
    size_t cases_worse, cases_better; /* cases of which B passes fewer, or more, repeats than A */
    double p;                         /* sign test of these; where no case is repeated it is McNemar's exact test */
    uint64_t needed;                  /* cases that would tell, at STAT_POWER; UINT64_MAX: none moved, or no number would */
    double p_errors;                  /* sign test of cases with more errors in B, in A */
    uint64_t erred_only[2];
    uint64_t violations[2]; /* of all paired samples */
    uint64_t probes, probes_changed;
    struct compare_numbers score, latency; /* latency: of samples that were answered, ms */
    double cost[2];                        /* of the paired samples; NAN: one of them does not say */
    enum compare_answer passes, errors;    /* by the tests above */
    enum compare_answer latency_answer;    /* COMPARE_WORSE: slower */
    enum compare_answer
        answer; /* worse: in passes or errors, or in violations; better: in one of the first two, none worse */
};
/* ERR_NOMEM, ERR_LIMIT. */
int compare_samples(const struct compare_pairs *pairs, const struct compare_options *options, struct compare *ret,
                    struct err *err);

/* ---- by tag ---- */

/* Of the pairs of one tag: `found` has its passes and errors; of scores and latencies only few resamples were drawn. */
struct compare_tag {
    struct bytes tag; /* "": pairs without one. Borrowed from the samples */
    uint64_t count[COMPARE_CHANGES];
    struct compare found;
};
struct compare_tags {
    struct compare_tag *all; /* by tag; a pair is in each of its tags */
    size_t n;
};
/* Of pairs of these two sides. Free with compare_tags_done also after a failure. ERR_NOMEM, ERR_LIMIT. */
int compare_by_tag(const struct compare_pairs *pairs, const struct compare_side *a, const struct compare_side *b,
                   const struct compare_options *options, struct compare_tags *ret, struct err *err);
void compare_tags_done(struct compare_tags *tags);

#endif
