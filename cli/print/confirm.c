/* Asks only at a terminal, so that no script waits for an answer. */
#include "cli/print/confirm.h"

#include <string.h>
#include <unistd.h>

#include "cli/print/out.h"

bool confirm_can_ask(const struct cli *cli) {
    return cli->err_tty && isatty(STDIN_FILENO) == 1;
}

static void read_answer(char ret[CONFIRM_ANSWER]) {
    size_t n = 0;
    memset(ret, 0, CONFIRM_ANSWER);
    for (char ch; read(STDIN_FILENO, &ch, 1) == 1 && ch != '\n';) {
        if (n < CONFIRM_ANSWER - 1) {
            ret[n++] = ch;
        }
    }
}

void confirm_answer(const char *question, char ret[CONFIRM_ANSWER]) {
    out_error("%s", question);
    read_answer(ret);
}

bool confirm(const struct cli *cli, bool yes, const char *question) {
    char answer[CONFIRM_ANSWER];
    if (yes || !confirm_can_ask(cli)) return true;
    out_error("%s Type yes to continue:", question);
    read_answer(answer);
    return strcmp(answer, "yes") == 0;
}
