/* Probes that are ingest sources: they record what they see themselves, in the events of their kind, when it has changed. */
#include "doctor/probe/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "ingest/ingest.h"

int source_run(const struct probe_box *box, const char *source, const struct ingest_options *options, struct err *err) {
    struct ledger *ledger = NULL;
    struct ingest_result result = {0};
    int rc = box->open(box->ctx, true, &ledger, err);
    if (rc == 0) rc = ingest_source_run(ledger, source, options, &result, err);
    log_close(ledger);
    return rc;
}

int source_view(const struct probe_box *box, struct ledger **ret_ledger, struct state_view **ret_view, struct err *err) {
    struct state_options options;
    struct ledger *ledger = NULL;
    int rc = box->open(box->ctx, false, &ledger, err);
    if (rc == 0) rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    if (rc == 0) rc = state_open(ledger, &options, ret_view, err);
    if (rc != 0) {
        log_close(ledger);
        ledger = NULL;
    }
    *ret_ledger = ledger;
    return rc;
}

static bool is_store(const char *dir) {
    static const char *const trees[] = {"manifests-v2", "manifests"};
    char path[FILE_PATH_MAX];
    bool is = false;
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]) && !is; i++) {
        int n = snprintf(path, sizeof(path), "%s/%s", dir, trees[i]);
        is = n > 0 && (size_t)n < sizeof(path) && access(path, R_OK | X_OK) == 0;
    }
    return is;
}

bool source_store(const struct probe_box *box, char *ret, size_t size) {
    const char *told = box->models != NULL ? box->models : getenv("OLLAMA_MODELS"), *home = getenv("HOME");
    int n;
    if (told != NULL && told[0] == '/') {
        n = snprintf(ret, size, "%s", told);
        return n > 0 && (size_t)n < size && is_store(ret);
    }
    n = snprintf(ret, size, "%s/.ollama/models", home != NULL ? home : "");
    if (n > 0 && (size_t)n < size && ret[0] == '/' && is_store(ret)) return true;
    snprintf(ret, size, "/usr/share/ollama/.ollama/models");
    return is_store(ret);
}

int probe_hardware(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct ingest_options options = {.root = box->root};
    (void)out;
    return source_run(box, "hardware", &options, err);
}
