/* Export: export DIRECTORY RUN FILE writes the evidence of a run to a new file, and verifies it as a stranger would. */
#include <fcntl.h>
#include <ledger/ledger.h>
#include <stdio.h>
#include <unistd.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

static int show(void *ctx, const struct ledger_event *event) {
    char *json = NULL;
    (void)ctx;
    if (ledger_event_json(event, LEDGER_JSON_PRIVATE, &json, NULL, NULL) == 0) {
        printf("%s\n", json);
    }
    ledger_free(json);
    return 0;
}

static int check(const char *path, const char *vkey, struct ledger_error *error) {
    struct ledger_verify_bundle_options options = LEDGER_VERIFY_BUNDLE_OPTIONS_INIT;
    struct ledger_trust *trust = NULL;
    struct ledger_report *report = NULL;
    int fd = open(path, O_RDONLY);
    int rc = ledger_trust_new(&trust, error);
    rc = rc != 0 ? rc : ledger_trust_key(trust, vkey, error);
    options.trust = trust;
    options.each = show;
    rc = rc != 0 ? rc : ledger_verify_bundle(fd, &options, &report, error);
    if (rc == 0) {
        printf("the bundle is %s\n", ledger_report_verdict_name(report));
    }
    ledger_report_free(report);
    ledger_trust_free(trust);
    close(fd);
    return rc;
}

int main(int argc, char **argv) {
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger_export_options options = LEDGER_EXPORT_OPTIONS_INIT;
    struct ledger_export_result result = LEDGER_EXPORT_RESULT_INIT;
    struct ledger_export_term term = {"run", NULL, 0};
    const char *const disclosed[] = {"prompt"};
    struct ledger *ledger = NULL;
    if (argc != 4) return 2;
    term.value = argv[2];
    options.terms = &term;
    options.n_terms = 1;
    options.private_fields = disclosed;
    options.n_private_fields = 1;
    int rc = ledger_open(argv[1], NULL, &ledger, &error);
    rc = rc != 0 ? rc : ledger_export_plan(ledger, &options, &result, &error);
    if (rc == 0) {
        printf("%llu headers, %llu bodies, %llu private fields would leave\n", (unsigned long long)result.headers,
               (unsigned long long)result.disclosed, (unsigned long long)result.private_fields);
    }
    rc = rc != 0 ? rc : ledger_export(ledger, &options, argv[3], &result, &error);
    if (rc == 0) {
        printf("%llu bytes, recorded as event %llu\n", (unsigned long long)result.bytes,
               (unsigned long long)result.recorded);
    }
    rc = rc != 0 ? rc : check(argv[3], ledger_vkey(ledger), &error);
    ledger_close(ledger);
    return rc == 0 ? 0 : failed(&error);
}
