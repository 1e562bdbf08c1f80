/* A sample belongs to a case of the suite if it has its name and its digest: a changed case is another case. */
#include "evals/score/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "evals/sample/samples.h"
#include "evals/stat/stat.h"

#define REPEATS_MAX 1000000 /* what no suite asks for, and no sum of it overflows */

bool score_tally_is_known(const struct sample *sample) {
    return sample->outcome == SAMPLE_PASSED || sample->outcome == SAMPLE_MISSED || sample->outcome == SAMPLE_LIMITED;
}

static bool is_of(const struct sample *sample, const struct suite_case *one) {
    char text[7 + 2 * HASH_LEN + 1] = "sha256:";
    text_hex(text + 7, one->digest, HASH_LEN);
    return bytes_is(sample->case_digest, text);
}

static void take_case(struct score_tally *t, struct score_case *c, const struct suite_case *one, uint64_t repeats) {
    uint64_t next = 0; /* the repeat that none before it has */
    c->sound = true;
    c->repeats = one->repeats > repeats ? one->repeats : repeats;
    for (size_t i = 0; i < c->n; i++) {
        const struct sample *s = &c->samples[i];
        if (s->repeat < next || s->repeat >= REPEATS_MAX || !is_of(s, one)) {
            t->changed++;
            c->sound = false;
            continue;
        }
        next = s->repeat + 1;
        t->erred += !score_tally_is_known(s);
        c->known += score_tally_is_known(s);
        c->passed += s->outcome == SAMPLE_PASSED;
    }
    if (c->repeats < next) c->repeats = next;
    if (c->repeats == 0) c->sound = false;
}

/* Nothing is expected of it but that it stays the same: it passes whatever it answers. */
static bool expects_nothing(const struct suite_case *one) {
    return one->probe && one->checks_n == 0;
}

static void weigh(struct score_tally *t) {
    double most = 0;
    for (size_t i = 0; i < t->suite->cases_n; i++) {
        most = fmax(most, t->suite->cases[i].weight);
    }
    for (size_t i = 0; i < t->suite->cases_n; i++) {
        t->weights[i] = expects_nothing(&t->suite->cases[i]) ? 0 : t->suite->cases[i].weight / most;
        t->weight += t->weights[i];
    }
    t->effective = stat_effective_size(t->weights, t->suite->cases_n);
}

int score_tally_init(struct score_tally *ret, const struct suite *suite, uint64_t repeats, const struct sample *samples,
                     size_t n, struct err *err) {
    size_t n_cases = suite->cases_n, found = 0;
    *ret = (struct score_tally){.suite = suite, .whole = n_cases > 0};
    ret->cases = calloc(n_cases + 1, sizeof *ret->cases);
    ret->weights = calloc(n_cases + 1, sizeof *ret->weights);
    if (ret->cases == NULL || ret->weights == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    weigh(ret);
    for (size_t i = 0; i < n_cases; i++) {
        struct score_case *c = &ret->cases[i];
        c->samples = samples_find(samples, n, suite->name, suite->cases[i].id, &c->n);
        take_case(ret, c, &suite->cases[i], repeats);
        found += c->n;
        ret->known += c->known;
        ret->total += c->repeats;
        ret->whole = ret->whole && c->sound && c->known == c->repeats;
    }
    ret->foreign = n > found ? n - found : 0;
    ret->whole = ret->whole && ret->foreign == 0;
    return 0;
}

void score_tally_done(struct score_tally *tally) {
    free(tally->cases);
    free(tally->weights);
    *tally = (struct score_tally){0};
}

#define COUNT(n, one, many) (unsigned long long)(n), (n) == 1 ? (one) : (many)

void score_tally_why(const struct score_tally *tally, char *ret, size_t n) {
    uint64_t unknown = tally->total > tally->known ? tally->total - tally->known : 0;
    if (tally->suite->cases_n == 0) {
        (void)snprintf(ret, n, "the suite has no cases");
    } else if (tally->foreign > 0) {
        (void)snprintf(ret, n, "%llu %s of no case of the suite", COUNT(tally->foreign, "sample is", "samples are"));
    } else if (tally->changed > 0) {
        (void)snprintf(ret, n, "%llu %s of a case that is another one now",
                       COUNT(tally->changed, "sample is", "samples are"));
    } else if (tally->erred > 0) {
        (void)snprintf(ret, n, "%llu of %llu samples ended in an error", (unsigned long long)tally->erred,
                       (unsigned long long)tally->total);
    } else {
        (void)snprintf(ret, n, "%llu of %llu samples were not run", (unsigned long long)unknown,
                       (unsigned long long)tally->total);
    }
}
