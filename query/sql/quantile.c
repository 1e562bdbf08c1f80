/* Quantiles: all values of a group are kept as reals, and the two around the wanted rank are selected, without sorting the
 * rest. quantile(x, p) lies between them in proportion (as percentile_cont of standard SQL). */
#include <math.h>
#include <string.h>

#include <sqlite3ext.h>

#include "query/sql/state.h"

struct sample {
    double *v; /* by sqlite3_malloc, so that the memory limit holds for it too */
    size_t n, cap;
    double p;
    bool has_p;
};

static void fail(sqlite3_context *ctx, struct sample *s, const char *why) {
    if (s != NULL) {
        sqlite3_free(s->v);
        *s = (struct sample){0};
    }
    if (why == NULL) {
        sqlite3_result_error_nomem(ctx);
    } else {
        sqlite3_result_error(ctx, why, -1);
    }
}

static void add(sqlite3_context *ctx, sqlite3_value *value, double p) {
    int type = sqlite3_value_numeric_type(value);
    struct sample *s = sqlite3_aggregate_context(ctx, sizeof(*s));
    if (s == NULL) {
        fail(ctx, NULL, NULL);
        return;
    }
    if (!(p >= 0 && p <= 1) || (s->has_p && s->p != p)) {
        fail(ctx, s, "the second argument of quantile is one number from 0 to 1: quantile(latency_ms, 0.95)");
        return;
    }
    s->p = p;
    s->has_p = true;
    if (type == SQLITE_NULL) return;
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) {
        fail(ctx, s, "quantiles need numbers");
        return;
    }
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 64 : s->cap + s->cap / 2;
        double *more = sqlite3_realloc64(s->v, cap * sizeof(*more));
        if (more == NULL) {
            fail(ctx, s, NULL);
            return;
        }
        s->v = more;
        s->cap = cap;
    }
    s->v[s->n++] = sqlite3_value_double(value);
}

static void quantile_step(sqlite3_context *ctx, int n, sqlite3_value **args) {
    (void)n;
    int type = sqlite3_value_numeric_type(args[1]);
    add(ctx, args[0], type == SQLITE_INTEGER || type == SQLITE_FLOAT ? sqlite3_value_double(args[1]) : -1);
}

static void fixed_step(sqlite3_context *ctx, int n, sqlite3_value **args) {
    (void)n;
    add(ctx, args[0], *(const double *)sqlite3_user_data(ctx));
}

static void swap(double *a, double *b) {
    double t = *a;
    *a = *b;
    *b = t;
}

static double middle_of(double a, double b, double c) {
    return a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
}

/* Moves the value of rank k to its place; none before it is larger, none after it smaller. */
static void partition(double *v, size_t n, size_t k) {
    size_t lo = 0, hi = n; /* the place is within [lo, hi) */
    while (hi - lo > 1) {
        double pivot = middle_of(v[lo], v[lo + (hi - lo) / 2], v[hi - 1]);
        size_t below = lo, at = lo, above = hi;
        while (at < above) {
            if (v[at] < pivot) {
                swap(&v[below++], &v[at++]);
            } else if (v[at] > pivot) {
                swap(&v[at], &v[--above]);
            } else {
                at++;
            }
        }
        if (k < below) {
            hi = below;
        } else if (k >= above) {
            lo = above;
        } else {
            return;
        }
    }
}

static void finish(sqlite3_context *ctx) {
    struct sample *s = sqlite3_aggregate_context(ctx, 0);
    if (s == NULL || s->n == 0) {
        return; /* of nothing: NULL */
    }
    double rank = s->p * (double)(s->n - 1);
    size_t k = (size_t)rank;
    partition(s->v, s->n, k);
    double low = s->v[k], high = low;
    if (rank > (double)k) {
        high = s->v[k + 1];
        for (size_t i = k + 2; i < s->n; i++) {
            high = s->v[i] < high ? s->v[i] : high;
        }
    }
    sqlite3_result_double(ctx, low + (high - low) * (rank - (double)k));
    sqlite3_free(s->v);
    *s = (struct sample){0};
}

int sql_quantile_register(sqlite3 *db) {
    static const struct {
        const char *name;
        double p;
    } fixed[] = {{"median", 0.5}, {"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}};
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int rc = sqlite3_create_function_v2(db, "quantile", 2, flags, NULL, NULL, quantile_step, finish, NULL);
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && rc == SQLITE_OK; i++) {
        void *p = (void *)(uintptr_t)&fixed[i].p; /* only read */
        rc = sqlite3_create_function_v2(db, fixed[i].name, 1, flags, p, NULL, fixed_step, finish, NULL);
    }
    return rc;
}
