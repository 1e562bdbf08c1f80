// Exports spans and log records with the OpenTelemetry SDK for JavaScript, as an application would, and prints what it
// exported, one JSON object a line: {"trace", "span"} for a span, {"log": "<session>/<number>"} for a log record.
//
//   node emit.mjs http://127.0.0.1:4318 TRACES
//
// It runs beside the node_modules that it uses: tests/cli/_otlp_takes_every_span_of_the_javascript_sdk.sh copies it there.
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const [address, traces] = [process.argv[2], Number(process.argv[3])];
const resource = resourceFromAttributes({ 'service.name': 'sdk-check', 'service.version': '1.2.3', 'host.name': 'box-under-test' });
const queue = { maxQueueSize: 65536, maxExportBatchSize: 200 };
const exporters = [
    new OTLPTraceExporter({ url: `${address}/v1/traces` }),
    new OTLPTraceExporter({ url: `${address}/v1/traces`, compression: CompressionAlgorithm.GZIP }),
];
// Everything is sent twice, the second time compressed: it must be stored once.
const provider = new NodeTracerProvider({ resource, spanProcessors: exporters.map(e => new BatchSpanProcessor(e, queue)) });
provider.register();
const tracer = provider.getTracer('sdk-check-tracer', '0.1.0');

const say = object => process.stdout.write(`${JSON.stringify(object)}\n`);

function spanOf(name, options, inside) {
    return tracer.startActiveSpan(name, options, span => {
        say({ trace: span.spanContext().traceId, span: span.spanContext().spanId });
        inside(span);
        span.end();
    });
}

for (let i = 0; i < traces; i++) {
    const agent = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'checker', 'gen_ai.conversation.id': `conversation-${i}` };
    spanOf('invoke_agent checker', { attributes: agent }, () => {
        const chat = {
            'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'ollama', 'gen_ai.request.model': 'qwen2.5:7b',
            'gen_ai.usage.input_tokens': 100 + i, 'gen_ai.usage.output_tokens': 20, 'gen_ai.request.temperature': 0.5,
            'gen_ai.response.finish_reasons': ['stop'], 'server.address': '127.0.0.1', 'server.port': 11434,
            'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: `question ${i} 🦜` }] }]),
        };
        spanOf('chat qwen2.5:7b', { kind: SpanKind.CLIENT, attributes: chat }, span => {
            span.addEvent('gen_ai.evaluation.result', { 'gen_ai.evaluation.name': 'exact', 'gen_ai.evaluation.score.value': i % 2 });
            if (i % 5 === 0) {
                span.recordException(new Error('context length exceeded'));
                span.setStatus({ code: SpanStatusCode.ERROR, message: 'context length exceeded' });
            }
            span.setAttribute('cut.within.a.pair', '🦜'.slice(0, 1));
        });
        const tool = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'pdftotext', 'gen_ai.tool.call.id': `call_${i}` };
        spanOf('execute_tool pdftotext', { attributes: tool }, () => {
            spanOf('GET /files', { kind: SpanKind.CLIENT, attributes: { 'http.request.method': 'GET', 'big.int': 2 ** 53, nan: NaN } }, () => {});
        });
    });
}

const logs = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${address}/v1/logs` }) })] });
const logger = logs.getLogger('sdk-check-logger');
for (let i = 0; i < traces; i++) {
    say({ log: `session-1/${i}` });
    logger.emit({
        severityNumber: SeverityNumber.INFO, severityText: 'INFO', body: 'claude_code.tool_decision',
        attributes: {
            'event.name': 'tool_decision', 'event.sequence': i, 'session.id': 'session-1', 'tool_name': 'Bash',
            'decision': i % 3 ? 'accept' : 'reject', 'source': 'user_temporary',
        },
    });
}
await logs.shutdown();
await provider.shutdown();
