//! `socket(…)` without a tuple and a dict of its arguments, for the class itself. Subclasses, which
//! may have a constructor of their own, go the interpreter's way through `__new__` and `__init__`.

use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use super::method::{Answer, Arguments, enter};
use super::{Socket, lifecycle};

/// The slots as they are without `__new__` or `__init__` of somebody else.
struct Slots {
    new: ffi::newfunc,
    init: ffi::initproc,
}

static SLOTS: OnceLock<Slots> = OnceLock::new();

/// The names of the arguments, in their order.
const NAMES: [&str; 4] = ["family", "type", "proto", "fileno"];

/// Makes calls of the class come here (PEP 590).
pub(super) fn install(class: &Bound<'_, PyType>) {
    let class = class.as_type_ptr();
    // SAFETY: the type object is alive for ever, and nobody else has it yet: it is not on the
    // module. PyType_Modified is what must follow a change of a type.
    unsafe {
        if let (Some(new), Some(init)) = ((*class).tp_new, (*class).tp_init) {
            SLOTS.get_or_init(|| Slots { new, init });
            (*class).tp_vectorcall = Some(call);
            ffi::PyType_Modified(class);
        }
    }
}

unsafe extern "C" fn call(
    class: *mut ffi::PyObject,
    objects: *const *mut ffi::PyObject,
    count: libc::size_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: PEP 590: `count` without its flag is how many positional arguments there are, and the
    // values of the named ones stand behind them; only the class itself has this slot.
    unsafe {
        enter(|py| {
            let count = ffi::PyVectorcall_NARGS(count);
            let arguments = Arguments::new(py, objects.cast_mut(), count, names);
            let class = Borrowed::from_ptr(py, class).cast_unchecked::<PyType>();
            construct(&class, &arguments)
        })
    }
}

fn construct<'py>(class: &Bound<'py, PyType>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let py = class.py();
    match placed(arguments).filter(|_| is_unchanged(class)) {
        Some([family, kind, protocol, fileno]) => {
            let object = Bound::new(py, Socket::empty())?;
            lifecycle::initialise(
                &object,
                family.as_deref(),
                kind.as_deref(),
                protocol.as_deref(),
                fileno.as_deref(),
            )?;
            Ok(object.into_any())
        }
        // With the interpreter's own messages, or what has been put on the class.
        None => {
            let (positional, named) = (arguments.to_tuple()?, arguments.to_dict()?);
            // SAFETY: `tp_call` of `type` takes a type, a tuple and a dict, and gives a new object,
            // or null with an exception.
            unsafe {
                let object = ffi::PyType_Type
                    .tp_call
                    .map(|call| call(class.as_ptr(), positional.as_ptr(), named.as_ptr()));
                let object = object.unwrap_or(std::ptr::null_mut());
                Ok(Bound::from_owned_ptr_or_err(py, object)?)
            }
        }
    }
}

/// Whether `__new__` and `__init__` are those of this crate.
fn is_unchanged(class: &Bound<'_, PyType>) -> bool {
    let class = class.as_type_ptr();
    // SAFETY: a live type; assigning to a method of a type changes its slot.
    let (new, init) = unsafe { ((*class).tp_new, (*class).tp_init) };
    SLOTS.get().is_some_and(|slots| {
        new.is_some_and(|new| std::ptr::fn_addr_eq(new, slots.new))
            && init.is_some_and(|init| std::ptr::fn_addr_eq(init, slots.init))
    })
}

/// The arguments in their places; nothing where the interpreter has something to say to them.
fn placed<'a, 'py>(
    arguments: &Arguments<'a, 'py>,
) -> Option<[Option<Borrowed<'a, 'py, PyAny>>; NAMES.len()]> {
    let mut places = [None; NAMES.len()];
    let mut free = places.iter_mut();
    for object in arguments.positional() {
        *free.next()? = Some(object);
    }
    let names = arguments.names().into_iter().flatten();
    for (name, object) in names.zip(arguments.named()) {
        let index = NAMES.iter().position(|known| is_name(&name, known))?;
        let place = places.get_mut(index)?;
        if place.replace(object).is_some() {
            return None;
        }
    }
    Some(places)
}

fn is_name(name: &Bound<'_, PyAny>, known: &str) -> bool {
    name.cast::<PyString>()
        .is_ok_and(|name| name.to_str().is_ok_and(|name| name == known))
}
