/* Ctrl-C while a query is answered: shows what was found so far and stops. */
#ifndef CLI_CALL_STOP_H
#define CLI_CALL_STOP_H

/* From here on SIGINT, SIGTERM and SIGHUP set *ret to 1 instead of ending the process. A second one ends it. */
const volatile int *stop_catch(void);

#endif
