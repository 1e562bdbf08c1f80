/* Asks only at a terminal, so that no script waits for an answer. */
#include "cli/print/confirm.h"

#include <string.h>
#include <unistd.h>

#include "cli/print/out.h"

bool confirm_can_ask(const struct cli *cli) {
    return cli->err_tty && isatty(STDIN_FILENO) == 1;
}

bool confirm(const struct cli *cli, bool yes, const char *question) {
    char answer[16] = "";
    size_t n = 0;
    if (yes || !confirm_can_ask(cli)) return true;
    out_error("%s Type yes to continue:", question);
    for (char ch; read(STDIN_FILENO, &ch, 1) == 1 && ch != '\n';) {
        if (n < sizeof(answer) - 1) {
            answer[n++] = ch;
        }
    }
    return strcmp(answer, "yes") == 0;
}
