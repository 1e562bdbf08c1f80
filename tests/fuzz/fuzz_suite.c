/* Suites: a text either has faults, each with a place inside of it, or is a suite whose digest is the same when it is read
 * again. What follows the first line "---8<---" is a file of JSON Lines beside it, c.jsonl. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evals/load/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static void write_file(const char *path, struct bytes text) {
    FILE *out = fopen(path, "wbe");
    must(out != NULL && (text.n == 0 || fwrite(text.p, 1, text.n, out) == text.n));
    must(fclose(out) == 0);
}

struct told {
    size_t n, size;
};

static void on_fault(void *ctx, const char *path, unsigned line, unsigned column, const char *what) {
    struct told *told = ctx;
    told->n++;
    must(path[0] != '\0' && what[0] != '\0');
    must(line <= told->size + 2 && column <= told->size + 2);
}

static void check_suite(const struct suite *suite) {
    must(suite->name.n > 0 && suite->cases_n > 0 && suite->settings.n >= 2);
    for (size_t i = 0; i < suite->cases_n; i++) {
        const struct suite_case *c = &suite->cases[i];
        must(c->id.n > 0 && c->weight > 0 && c->repeats > 0 && c->timeout_ms > 0);
        must(c->checks_n > 0 || c->probe);
        must(c->text.p != NULL || c->messages_n + c->arguments_n + c->files_n > 0);
    }
    for (size_t i = 1; i < suite->thresholds_n; i++) {
        must(suite->thresholds[i - 1].metric < suite->thresholds[i].metric);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char cut[] = "\n---8<---\n";
    struct suite *suite = NULL, *again = NULL;
    struct told told = {0, size};
    const uint8_t *at = size > 0 ? memmem(data, size, cut, strlen(cut)) : NULL;
    struct bytes head = {data, at != NULL ? (size_t)(at - data) : size}, rest = {(const uint8_t *)"", 0};
    char dir[] = "/tmp/ledger-fuzz-XXXXXX", yaml[64], lines[64];
    must(mkdtemp(dir) != NULL);
    snprintf(yaml, sizeof(yaml), "%s/suite.yaml", dir);
    snprintf(lines, sizeof(lines), "%s/c.jsonl", dir);
    if (at != NULL) rest = (struct bytes){at + strlen(cut), size - head.n - strlen(cut)};
    write_file(yaml, head);
    write_file(lines, rest);
    int rc = load_suite(yaml, on_fault, &told, &suite, NULL);
    must((rc == 0 && told.n == 0 && suite != NULL) || (rc == ERR_INVALID && told.n > 0 && suite == NULL));
    if (rc == 0) {
        check_suite(suite);
        must(load_suite(yaml, on_fault, &told, &again, NULL) == 0);
        must(memcmp(suite->digest, again->digest, HASH_LEN) == 0);
    }
    suite_free(suite);
    suite_free(again);
    (void)unlink(yaml);
    (void)unlink(lines);
    (void)rmdir(dir);
    return 0;
}
