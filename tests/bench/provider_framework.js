// Runs one function of the CDK's provider framework with a user's function that is given, and prints what it does.
// Arguments: the framework's folder, the function, the event, and what the user's function returns or throws.
const Module = require("module");
const [folder, name, event, user] = process.argv.slice(2);
const did = [];
const outbound = {
  startExecution: async (request) => did.push(["waiter", JSON.parse(request.input)]),
  invokeFunction: async () => {
    const { result, error } = JSON.parse(user);
    const payload = error ? { errorMessage: error } : result;
    return { Payload: Buffer.from(JSON.stringify(payload)), FunctionError: error && "Unhandled" };
  },
  httpRequest: async (_, body) => did.push(["answer", JSON.parse(body)]),
};
const load = Module._load;
Module._load = (request, ...rest) => (request === "./outbound" ? outbound : load(request, ...rest));
for (const variable of ["USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN", "WAITER_STATE_MACHINE_ARN"]) {
  process.env[variable] = "arn:aws:lambda:us-east-1:111122223333:function:f";
}
console.log = () => {};
require(folder + "/framework.js")
  [name](JSON.parse(event))
  .catch((error) => did.push(["raised", error.message]))
  .finally(() => process.stdout.write(JSON.stringify(did)));
