/**
 * The walls of docs/architecture.md: program -> engine -> resources -> host -> transport, and model/ is a leaf.
 * @type {import("dependency-cruiser").IConfiguration}
 */
const room = (name) => `^provider/src/${name}/`;

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "model-is-a-leaf",
      severity: "error",
      from: { path: room("model") },
      to: { path: "^provider/src/(?!model/)" },
    },
    {
      name: "only-transport-and-the-simulated-server-reach-ssh2",
      severity: "error",
      from: { pathNot: "^provider/src/(transport|testing)/" },
      to: { path: "node_modules/ssh2/" },
    },
    {
      name: "transport-knows-only-model",
      severity: "error",
      from: { path: room("transport") },
      to: { path: "^provider/src/(?!transport/|model/)" },
    },
    {
      name: "host-knows-transport-and-model",
      severity: "error",
      from: { path: room("host") },
      to: { path: "^provider/src/(?!host/|transport/|model/)" },
    },
    {
      name: "resources-know-host-and-model",
      severity: "error",
      from: { path: room("resources") },
      to: { path: "^provider/src/(?!resources/|host/|model/)" },
    },
    {
      name: "page-knows-only-model",
      severity: "error",
      from: { path: room("page") },
      to: { path: "^provider/src/(?!page/|model/)" },
    },
    {
      name: "the-page-in-the-browser-knows-only-itself",
      severity: "error",
      from: { path: room("page/browser") },
      to: { pathNot: "^provider/src/page/browser/" },
    },
    {
      name: "engine-knows-no-program",
      severity: "error",
      from: { path: room("engine") },
      to: { path: "^provider/src/(program|testing)/" },
    },
    {
      name: "cli-needs-no-pulumi",
      severity: "error",
      from: { path: room("cli") },
      to: { path: "^provider/src/(engine|program|testing)/|node_modules/@pulumi/", reachable: true },
    },
    {
      name: "nobody-imports-cli",
      severity: "error",
      from: { path: "^provider/src/", pathNot: room("cli") },
      to: { path: room("cli") },
    },
    {
      name: "pulumi-only-in-engine-and-program",
      severity: "error",
      from: { path: "^provider/src/(model|host|transport|resources|page)/" },
      to: { path: "node_modules/@pulumi/" },
    },
    {
      name: "nobody-imports-testing",
      severity: "error",
      from: { path: "^provider/src/", pathNot: "^provider/src/testing/" },
      to: { path: room("testing") },
    },
    {
      name: "pure-plan",
      severity: "error",
      from: { path: "^provider/src/resources/[^/]+/(inputs|state|plan)[.]ts$" },
      to: {
        path: "^provider/src/(host|transport|engine)/|^(node:|fs|path|os|child_process)|node_modules/ssh2/",
        reachable: true,
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["require", "node", "default"] },
  },
};
