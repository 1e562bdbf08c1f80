/* Tables of words, as the agents' own documents and sources define them.
 *
 * A lifetime is filled in only where the agent defines one: opencode's "always" and ACP's "allow_always" only say that the
 * choice is remembered. So is who decided: a client's answer may come from a person or from a program, and the word does
 * not tell which. */
#include "ingest/input/agent_words.h"

#include <string.h>

struct answer_row {
    enum agent_family family;
    const char *word, *decision, *lifetime, *decided_by;
};

static const struct answer_row answers[] = {
    {AGENT_CLAUDE, "allow", "allow", "once", NULL},
    {AGENT_CLAUDE, "ask", "ask", "once", NULL},
    {AGENT_CLAUDE, "defer", "defer", "once", NULL},
    {AGENT_CLAUDE, "deny", "deny", "once", NULL},
    {AGENT_CODEX, "abort", "abort", "once", NULL},
    {AGENT_CODEX, "accept", "allow", "once", NULL},
    {AGENT_CODEX, "acceptForSession", "allow", "session", NULL},
    {AGENT_CODEX, "acceptWithExecpolicyAmendment", "allow", "permanent", NULL},
    {AGENT_CODEX, "approved", "allow", "once", NULL},
    {AGENT_CODEX, "approved_execpolicy_amendment", "allow", "permanent", NULL},
    {AGENT_CODEX, "approved_for_session", "allow", "session", NULL},
    {AGENT_CODEX, "cancel", "abort", "once", NULL},
    {AGENT_CODEX, "decline", "deny", "once", NULL},
    {AGENT_CODEX, "denied", "deny", "once", NULL},
    {AGENT_CODEX, "timed_out", "unknown", NULL, "timeout"}, /* the review ended before it had decided */
    {AGENT_OPENCODE, "always", "allow", NULL, NULL},
    {AGENT_OPENCODE, "once", "allow", "once", NULL},
    {AGENT_OPENCODE, "reject", "deny", "once", NULL},
    {AGENT_ACP, "allow_always", "allow", NULL, NULL},
    {AGENT_ACP, "allow_once", "allow", "once", NULL},
    {AGENT_ACP, "cancelled", "abort", "once", NULL},
    {AGENT_ACP, "reject_always", "deny", NULL, NULL},
    {AGENT_ACP, "reject_once", "deny", "once", NULL},
};

struct agent_answer agent_answer_of(enum agent_family family, struct bytes word) {
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct answer_row *row = &answers[i];
        if (row->family == family && bytes_is(word, row->word)) {
            return (struct agent_answer){row->decision, row->lifetime,
                                         row->decided_by != NULL ? row->decided_by : "unknown"};
        }
    }
    return (struct agent_answer){"unknown", NULL, "unknown"};
}

#define READS   "filesystem.read"
#define WRITES  "filesystem.write"
#define RUNS    "exec"
#define FETCHES "network.egress"

static const struct {
    const char *tool, *group;
} groups[] = {
    /* Claude Code */
    {"Bash", RUNS},
    {"BashOutput", RUNS},
    {"KillShell", RUNS},
    {"Read", READS},
    {"NotebookRead", READS},
    {"Glob", READS},
    {"Grep", READS},
    {"LS", READS},
    {"Write", WRITES},
    {"Edit", WRITES},
    {"MultiEdit", WRITES},
    {"NotebookEdit", WRITES},
    {"WebFetch", FETCHES},
    {"WebSearch", FETCHES},
    /* Codex */
    {"shell", RUNS},
    {"local_shell", RUNS},
    {"shell_command", RUNS},
    {"exec_command", RUNS},
    {"write_stdin", RUNS},
    {"apply_patch", WRITES},
    {"read_file", READS},
    {"list_dir", READS},
    {"grep_files", READS},
    {"web_search", FETCHES},
    {"NetworkAccess", FETCHES},
    /* Gemini CLI */
    {"run_shell_command", RUNS},
    {"read_many_files", READS},
    {"list_directory", READS},
    {"grep_search", READS},
    {"search_file_content", READS},
    {"write_file", WRITES},
    {"replace", WRITES},
    {"web_fetch", FETCHES},
    {"google_web_search", FETCHES},
    /* opencode */
    {"bash", RUNS},
    {"edit", WRITES},
    {"write", WRITES},
    {"multiedit", WRITES},
    {"read", READS}, /* also a kind of ACP, as edit is */
    {"glob", READS},
    {"grep", READS},
    {"list", READS},
    {"webfetch", FETCHES},
    {"websearch", FETCHES},
    {"codesearch", FETCHES},
    /* goose */
    {"developer__shell", RUNS},
    /* ACP's kinds */
    {"execute", RUNS},
    {"delete", WRITES},
    {"move", WRITES},
    {"fetch", FETCHES},
};

const char *agent_group_of(struct bytes tool) {
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (bytes_is(tool, groups[i].tool)) return groups[i].group;
    }
    return NULL;
}

const char *agent_tier_of(const char *group) {
    return group != NULL && strcmp(group, READS) == 0 ? "T0" : NULL;
}
