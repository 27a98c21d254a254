// Checks custom resources (one JSON document a line on stdin) against the kinds' published definitions: values by the
// validators of @kubernetes-models, unknown fields by TypeScript, because a schema of Kubernetes permits them. Runs in
// .tools/node, where the packages are; scripts/lint-deploy.sh copies it there.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

const packages = {
    'traefik.io': 'traefik',
    'monitoring.coreos.com': 'prometheus-operator',
    'gateway.envoyproxy.io': 'envoy-gateway',
    'gateway.networking.k8s.io': 'gateway-api',
    'security.istio.io': 'istio',
    'networking.istio.io': 'istio',
};
const problems = [];

// What has no package here and is none of Kubernetes' own groups would be checked by nobody.
function packageOf({ apiVersion, kind }) {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    const known = packages[group];
    if (!known && group.includes('.') && group !== 'networking.k8s.io' && group !== 'kustomize.config.k8s.io') {
        problems.push(`${apiVersion} ${kind}: nothing here knows this kind`);
    }
    return known;
}

const documents = readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const custom = documents.filter(packageOf);
const source = [];
for (const [index, document] of custom.entries()) {
    const path = `@kubernetes-models/${packageOf(document)}/${document.apiVersion}/${document.kind}`;
    const model = (await import(path))[document.kind];
    try {
        new model(document).validate();
    } catch (error) {
        problems.push(`${document.kind} ${document.metadata.name}: ${error.message}`);
    }
    source.push(`import type { I${document.kind} as T${index} } from '${path}';`);
    source.push(`export const d${index}: T${index} = ${JSON.stringify(document)};`);
}

const file = `${import.meta.dirname ?? process.cwd()}/custom-resources.ts`;
const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ESNext };
const host = ts.createCompilerHost(options);
const { readFile, fileExists } = host;
host.fileExists = (name) => name === file || fileExists(name);
host.readFile = (name) => (name === file ? source.join('\n') : readFile(name));
const { getSourceFile } = host;
host.getSourceFile = (name, target, ...rest) =>
    name === file ? ts.createSourceFile(name, source.join('\n'), target) : getSourceFile(name, target, ...rest);
for (const { messageText } of ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))) {
    problems.push(ts.flattenDiagnosticMessageText(messageText, '\n'));
}

problems.forEach((problem) => console.error(problem));
if (custom.length === 0) console.error('no custom resource on stdin');
process.exit(problems.length || custom.length === 0 ? 1 : 0);
