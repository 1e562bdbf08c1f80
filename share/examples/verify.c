/* Verifying: verify DIRECTORY [KEY] checks the ledger there in a child process, which damage cannot survive but this program
 * does. Exits with the verdict, as `ledger verify` does. */
#include <ledger/verify.h>
#include <stdio.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

int main(int argc, char **argv) {
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger_verify_options options = LEDGER_VERIFY_OPTIONS_INIT;
    struct ledger_trust *trust = NULL;
    struct ledger_report *report = NULL;
    if (argc < 2) return 2;
    int rc = ledger_trust_new(&trust, &error);
    rc = rc != 0 || argc < 3 ? rc : ledger_trust_key(trust, argv[2], &error);
    options.trust = trust;
    rc = rc != 0 ? rc : ledger_verify_isolated(argv[1], &options, &report, &error);
    ledger_trust_free(trust);
    if (rc != 0) return failed(&error);
    for (size_t i = 0; i < ledger_report_aspects(report); i++) {
        printf("%-13s %s\n", ledger_report_aspect_name(report, i), ledger_report_aspect_text(report, i));
    }
    for (size_t i = 0; i < ledger_report_findings(report); i++) {
        printf("fault: %s\n", ledger_report_finding_reason(report, i));
    }
    printf("%s\n", ledger_report_verdict_name(report));
    int verdict = ledger_report_verdict(report);
    ledger_report_free(report);
    return verdict;
}
